// One upgraded WebSocket connection, client's or server's: a read that is always pending, an outbox with one
// write under way, a closing handshake, an end that is told once. Internal to the transport.
//
// Its I/O and callbacks run on the one thread of its io_context; Send, Close, Drop and Consumed come from any
// thread. Handlers keep it alive.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "wire/byte_stream.h"
#include "wire/transport.h"

namespace tandem {

using WsStream = websocket::stream<ByteStream, false>;  // false: no compression compiled in

// "127.0.0.1:8765", "[::1]:8765".
std::string EndpointName(const net::ip::tcp::endpoint& endpoint);

// Runs handlers until io.stop(). One that throws (out of memory) costs what it was for, not the thread.
void RunUntilStopped(net::io_context& io);

class WsLink : public std::enable_shared_from_this<WsLink> {
 public:
  // peer: its name in error messages. max_unconsumed: frames delivered and not Consumed at which reading
  // pauses, 0: never.
  WsLink(ByteStream socket, const LinkLimits& limits, std::string peer, int max_unconsumed = 0);

  WsStream& stream() { return stream_; }      // for the handshake, before Start
  void CutSocket();                           // on the I/O thread
  void Start(ConnectionCallbacks callbacks);  // on the I/O thread, after the handshake

  Status Send(Bytes frame);
  void Close();
  void Drop(Error why);  // cuts without flushing
  void Consumed(int frames);
  ByteCount counted() const { return counter_->Read(); }

 private:
  void Read();
  void OnRead(NetError error);
  void Deliver();
  bool PauseAfterDelivery();
  void Write();
  void OnWrite(NetError error);
  void Shake();  // starts the closing handshake
  void Finish(Error why);
  Error Lost(NetError error);
  void Post(void (WsLink::*step)());

  const LinkLimits limits_;
  const std::string peer_;
  const int max_unconsumed_;
  WsStream stream_;
  const std::shared_ptr<ByteCounter> counter_;

  // The I/O thread's.
  ConnectionCallbacks callbacks_;
  beast::flat_buffer incoming_;
  Bytes outgoing_;
  bool started_ = false;
  bool finished_ = false;
  Error end_;  // why, once finished_

  mutable std::mutex mutex_;
  std::deque<Bytes> outbox_;
  size_t queued_bytes_ = 0;  // of outbox_ and outgoing_, with kFrameCost each
  bool writing_ = false;     // a write is under way or posted
  bool closing_ = false;     // Send refuses
  int unconsumed_ = 0;
  bool paused_ = false;
};

}  // namespace tandem
