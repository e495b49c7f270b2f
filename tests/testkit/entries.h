// Entries and values for tests.
#pragma once

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/snapshot.h"

namespace secretfs::testkit {

inline Value MakeTestValue(std::string_view text, WallTime modified = {}) {
  Value value;
  value.bytes = SecretBytes::CopyOf(AsBytes(text)).value();
  value.modified = modified;
  return value;
}

/// A content that a test holds in memory, and may make fail. Thread-safe.
class TextContent final : public Content {
 public:
  explicit TextContent(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] uint64_t size() const noexcept override { return text_.size(); }
  Status ReadAt(uint64_t offset, ByteSpan into) const override {
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    std::ranges::copy(AsBytes(text_).subspan(offset, into.size()), into.begin());
    return Ok{};
  }
  /// From now on, until nothing is given.
  void FailWith(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }

 private:
  const std::string text_;
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

inline Value ValueWithContent(ContentPtr content) {
  Value value;
  value.content = std::move(content);
  return value;
}

/// An entry whose value is `text`, made when it is first wanted.
inline EntryPtr TextEntry(std::string name, std::string text = "value") {
  EntrySpec spec;
  spec.name = std::move(name);
  spec.origin = "test";
  spec.make = [text = std::move(text)](std::span<const ValuePtr>, SteadyTime,
                                       const std::stop_token&) -> Result<Value> {
    return MakeTestValue(text);
  };
  return std::make_shared<Entry>(std::move(spec));
}

/// The hidden document of a remote source, and a secret of it.
inline EntryPtr RemoteDocument(std::string name, std::string lane, MakeValue make,
                               std::chrono::milliseconds refresh = std::chrono::hours(1)) {
  EntrySpec spec;
  spec.name = std::move(name);
  spec.origin = "source " + lane;
  spec.make = std::move(make);
  spec.lane = std::move(lane);
  spec.remote = RemoteTerms{refresh, {}};
  return std::make_shared<Entry>(std::move(spec));
}
inline EntryPtr SecretOf(const EntryPtr& document, std::string name) {
  EntrySpec spec;
  spec.name = std::move(name);
  spec.origin = document->spec().origin;
  spec.inputs = {document};
  spec.make = [](std::span<const ValuePtr> inputs, SteadyTime,
                 const std::stop_token&) -> Result<Value> {
    return MakeTestValue(AsText(inputs[0]->bytes.Expose()));
  };
  spec.lane = document->spec().lane;
  return std::make_shared<Entry>(std::move(spec));
}

/// Access for numbers; nobody else.
inline Access AccessFor(uid_t uid, gid_t gid, mode_t mode) {
  Access access;
  access.owner = Principal::Number(uid);
  access.group = Principal::Number(gid);
  access.mode = mode;
  return access;
}

inline std::string TextOf(const ValuePtr& value) {
  return std::string(AsText(value->bytes.Expose()));
}

}  // namespace secretfs::testkit
