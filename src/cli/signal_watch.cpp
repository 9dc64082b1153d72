// See signal_watch.h.
#include "cli/signal_watch.h"

#include <unistd.h>

namespace tandem {

SignalWatch::SignalWatch(Interrupts interrupts) : interrupts_(interrupts) {
  sigemptyset(&watched_);
  sigaddset(&watched_, SIGINT);
  sigaddset(&watched_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &watched_, &before_);
  thread_ = std::thread([this] { Wait(); });
}

SignalWatch::~SignalWatch() {
  stopping_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);  // wakes its sigwait; a signal to that thread alone
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SignalWatch::SetAction(std::function<void()> action) {
  std::lock_guard lock(mutex_);
  action_ = std::move(action);
  if (signal_ != 0 && action_) action_();
}

void SignalWatch::Forget() {
  std::lock_guard lock(mutex_);
  signal_ = 0;
}

void SignalWatch::AwaitFirst() {
  std::atomic<bool> come{false};
  SetAction([&] {
    come = true;
    come.notify_one();
  });
  come.wait(false);
  SetAction({});
}

void SignalWatch::Wait() {
  for (;;) {
    int number = 0;
    sigwait(&watched_, &number);
    if (stopping_) return;
    const bool again = number == SIGINT && interrupts_ == Interrupts::kEachTime;
    if (signal_ != 0 && !again) _exit(128 + number);
    std::lock_guard lock(mutex_);
    signal_ = number;
    if (action_) action_();
  }
}

}  // namespace tandem
