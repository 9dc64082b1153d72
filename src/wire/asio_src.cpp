// The parts of Asio and Beast that need compiling once (BOOST_ASIO_SEPARATE_COMPILATION).
#if defined(__GNUC__) && !defined(__clang__)  // a false alarm of GCC 12 in Beast when it sanitizes
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "wire/beast.h"
// After the above, which sets the switches.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
