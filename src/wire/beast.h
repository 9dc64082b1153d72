// Boost.Asio and Boost.Beast as the WebSocket transport uses them. Included by the .cpp files of the
// transport and the headers between them only: it costs seconds to compile, and no Boost type may reach a
// public header. asio_src.cpp holds the parts that are compiled once.
#pragma once

#define BOOST_ASIO_SEPARATE_COMPILATION
#define BOOST_BEAST_SEPARATE_COMPILATION
#ifdef __SANITIZE_THREAD__  // which does not know fences; Asio's queues order by their mutex anyway
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

namespace tandem {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

using NetError = boost::system::error_code;
using IoExecutor = net::io_context::executor_type;  // not any_io_executor: half the templates
using TcpSocket = net::basic_stream_socket<net::ip::tcp, IoExecutor>;
using TcpAcceptor = net::basic_socket_acceptor<net::ip::tcp, IoExecutor>;
using TcpResolver = net::ip::basic_resolver<net::ip::tcp, IoExecutor>;
using Timer = net::basic_waitable_timer<std::chrono::steady_clock,
                                        net::wait_traits<std::chrono::steady_clock>, IoExecutor>;

}  // namespace tandem
