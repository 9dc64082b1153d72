// A TCP peer with no manners, for tests: connects or listens on loopback and sends what it is told. Included
// by tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace tandem {

class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {}
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket() { Close(); }

  static RawSocket Connect(uint16_t port) {
    RawSocket peer(socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr_in address = Loopback(port);
    if (connect(peer.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) peer.Close();
    return peer;
  }
  static RawSocket Listen() {
    RawSocket peer(socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr_in address = Loopback(0);
    if (bind(peer.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(peer.fd_, 8) != 0) {
      peer.Close();
    }
    return peer;
  }

  RawSocket Accept() { return RawSocket(accept(fd_, nullptr, nullptr)); }
  uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  bool ok() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // Up to the end of the HTTP header, or of the stream.
  std::string ReceiveHeader() {
    std::string text;
    char byte = 0;
    while (text.find("\r\n\r\n") == std::string::npos && recv(fd_, &byte, 1, 0) == 1) text.push_back(byte);
    return text;
  }
  std::string ReceiveAll() {
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd_, buffer, sizeof buffer, 0)) > 0;) {
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }
  // So many bytes, fewer at the end of the stream.
  std::string Receive(size_t bytes) {
    std::string text(bytes, '\0');
    const ssize_t got = recv(fd_, text.data(), bytes, MSG_WAITALL);
    text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }
  // Sends `block` at most `count` times, until nobody has taken a byte for a fifth of a second. Returns the
  // bytes taken.
  size_t SendUntilStuck(std::string_view block, int count) {
    const timeval patience{0, 200'000};
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    size_t taken = 0;
    for (int i = 0; i < count; ++i) {
      const ssize_t sent = send(fd_, block.data(), block.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      taken += static_cast<size_t>(sent);
    }
    return taken;
  }
  void EndSending() { shutdown(fd_, SHUT_WR); }
  void Reset() {  // the peer gets RST
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    Close();
  }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  static sockaddr_in Loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int fd_;
};

}  // namespace tandem
