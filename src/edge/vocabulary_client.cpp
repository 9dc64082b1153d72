// See vocabulary_client.h.
#include "edge/vocabulary_client.h"

#include "base/clock.h"
#include "edge/frame_inbox.h"
#include "edge/vocabulary_fetch.h"

namespace tandem {
namespace {

constexpr Micros kCancelPoll{50'000};
constexpr Micros kGoodbye{250'000};
constexpr uint64_t kConnection = 1;  // the inbox's name of the only one

class Client {
 public:
  explicit Client(const VocabularySource& source) : source_(source) {}

  Result<TakenVocabulary> Run() {
    if (Status s = Greet(); !s) return Forward(s);
    TakenVocabulary taken{.model_name = fetch_.welcome()->model_name};
    std::optional<Bytes> file = CachedVocabulary(fetch_.offer().digest, source_.cache_folder);
    if (!file) {
      if (Status s = Fetch(); !s) return Forward(s);
      file = fetch_.Take();
      taken.transferred = file->size();
    }
    taken.link_bytes = HangUp();
    auto vocab = Vocab::FromFile(*file, "the cloud's vocabulary");
    if (!vocab) return Forward(vocab);
    taken.vocab = *vocab;
    if (taken.transferred > 0) CacheVocabulary(fetch_.offer().digest, *file, source_.cache_folder);
    return taken;
  }

 private:
  Status Greet() {
    auto connection =
        source_.dial({.on_frame = [this](Bytes frame) { inbox_.Frame(kConnection, std::move(frame)); },
                      .on_closed = [this](Error why) { inbox_.Closed(kConnection, std::move(why)); }});
    if (!connection) return Forward(connection);
    connection_ = std::move(*connection);
    if (Status s = connection_->Send(VocabularyFetch::Hello(source_.software)); !s) return s;
    while (!fetch_.welcome()) {
      if (Status s = Hear(); !s) return s;
    }
    return {};
  }

  Status Fetch() {
    while (!fetch_.complete()) {
      for (Bytes& wanted : fetch_.Wanted()) {
        if (Status s = connection_->Send(std::move(wanted)); !s) return s;
      }
      if (Status s = Hear(); !s) return s;
    }
    return {};
  }

  // Waits for one frame and takes it in.
  Status Hear() {
    const Micros until = clock_.Now() + source_.patience;
    while (clock_.Now() < until) {
      if (source_.cancel != nullptr && source_.cancel->load())
        return Fail(ErrorCode::kNetwork, "interrupted while the cloud's vocabulary was on its way");
      const std::optional<LinkEvent> event = inbox_.Take(kCancelPoll);
      if (event && event->closed) return tl::unexpected(*event->closed);
      if (event) return fetch_.OnFrame(event->frame);
    }
    return Fail(ErrorCode::kNetwork, "the cloud said nothing of its vocabulary for {:.1f} s",
                ToMs(source_.patience) / 1000);
  }

  // Bytes of the whole connection, the goodbye included if the cloud is there to answer it.
  uint64_t HangUp() {
    connection_->Close();
    const Micros until = clock_.Now() + kGoodbye;
    for (bool closed = false; !closed && clock_.Now() < until;) {
      const std::optional<LinkEvent> event = inbox_.Take(until - clock_.Now());
      closed = event && event->closed;
    }
    const ByteCount counted = connection_->counted();
    return counted.sent + counted.received;
  }

  const VocabularySource& source_;
  SteadyClock clock_;
  FrameInbox inbox_;  // outlives the connection whose callbacks fill it
  VocabularyFetch fetch_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

Result<TakenVocabulary> TakeVocabulary(const VocabularySource& source) {
  for (int asked = 1;; ++asked) {
    auto taken = Client(source).Run();
    const bool cancelled = source.cancel != nullptr && source.cancel->load();
    if (taken || asked >= source.clouds || cancelled) return taken;
    const bool others_may =
        taken.error().code == ErrorCode::kNetwork || taken.error().code == ErrorCode::kBusy;
    if (!others_may) return taken;
  }
}

}  // namespace tandem
