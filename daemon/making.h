// Making an entry's value, and its inputs' first, on the thread that calls: what a worker does, and
// `secretfs check`. Thread-safe: an entry is made once at a time, whoever asks.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/entry.h"

namespace secretfs {

/// How long a failure answers all who come, so that a reader in a loop does not keep a worker busy.
constexpr std::chrono::seconds kKeepFailure{1};

/// The value that is there, or the failure of a moment ago; nothing when it is worth trying, as it
/// is for a content that could not be read.
std::optional<Result<ValuePtr>> Known(const Entry& entry, const Clock& clock);

/// How much of a value that is not held in memory must be found right before it counts as made.
enum class Verify {
  kByPart,  // what making it takes; the rest when it is read
  kWhole,
};

/// The entries that were made, or could not be; inputs before who needs them.
using Tried = std::vector<EntryPtr>;

/// Makes the entry's value, and first the inputs' that have none; or gives what is known. An older
/// value stays in use when a newer one cannot be made. Logs each failure once, and its end. `tried`
/// may be null. With a key (crypto/fingerprint.h) values get fingerprints, but for the fresh ones.
Result<ValuePtr> MakeNow(const EntryPtr& entry, const Clock& clock, Log& log,
                         const std::stop_token& stop, Verify verify = Verify::kByPart,
                         Tried* tried = nullptr, ByteView key = {});
/// The same, whatever is known of this entry. Inputs that have a value are not made anew.
Result<ValuePtr> MakeAnew(const EntryPtr& entry, const Clock& clock, Log& log,
                          const std::stop_token& stop, Tried* tried = nullptr, ByteView key = {});

/// Makes it the entry's newest failure; logged once, as long as it stays the same.
void NoteFailure(Entry& entry, const Error& error, const Clock& clock, Log& log);

}  // namespace secretfs
