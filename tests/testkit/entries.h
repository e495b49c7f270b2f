// Entries and values for tests.
#pragma once

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
