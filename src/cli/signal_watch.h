// SIGINT and SIGTERM taken out of the asynchronous world: a thread waits for them and calls a function.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>

namespace tandem {

// While one lives, the first signal calls the action (on the watch's thread) and the second ends the process
// at once with 128 + its number; a chat has SIGINT call the action each time. Threads made meanwhile inherit
// the blocked signals, so construct it first, on the main thread; children do not get past ChildProcess with
// them. One at a time.
class SignalWatch {
 public:
  enum class Interrupts { kOnce, kEachTime };
  explicit SignalWatch(Interrupts interrupts = Interrupts::kOnce);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // What the first signal does. Called at once, on the caller's thread, if it has come already. An empty
  // function only records the signal. After it returns the old action is not running and will not run.
  void SetAction(std::function<void()> action);
  void Forget();      // that a signal has come: the next one is the first again
  void AwaitFirst();  // blocks until a signal has come; takes the action's place
  bool Signalled() const { return signal_ != 0; }
  int signal() const { return signal_; }  // the first one's number, 0 for none

 private:
  void Wait();

  const Interrupts interrupts_;
  std::atomic<int> signal_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards action_, and holds while it runs
  std::function<void()> action_;
  sigset_t watched_, before_;
  std::thread thread_;
};

}  // namespace tandem
