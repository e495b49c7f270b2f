// Entry: one secret, view or source while it is declared: where it comes from, how its value is
// made, and the newest value. Who may read it is not here but in the tree (core/snapshot.h). Value:
// one version, immutable, shared by everybody who has it open.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "core/content.h"
#include "core/token.h"

namespace secretfs {

/// The largest value that is held in memory; also of a view, which is larger than its inputs, and
/// so the most that a view takes. Files with more are served by offset.
constexpr size_t kMaxValueBytes = size_t{16} << 20U;

/// Something a view left out, and why; never content.
struct Note {
  std::string text;
  bool by_design = false;  // the format has no place for it, and other views have
  bool operator==(const Note&) const = default;
};

/// Tells values apart without telling what they are: equal for equal values, also in the next
/// process that serves the same mount (crypto/fingerprint.h).
using Fingerprint = std::array<std::byte, 16>;

/// One of several secrets that a store gave in one answer; each is there or failed by itself.
struct FetchedSecret {
  std::string ref;
  Result<SecretBytes> value;
};

struct Value {
  SecretBytes bytes;   // what a reader gets
  ContentPtr content;  // the same when it is larger than kMaxValueBytes; `bytes` is empty then
  TokenTable tokens;   // of a token source, which is no file
  std::vector<FetchedSecret> fetched;  // of a document of a remote store, which is no file
  std::string origin_version;          // of a document, in the terms of where it comes from
  /// What the entry has is the newest: nothing else here is set.
  bool unchanged = false;
  WallTime modified;  // the file's st_mtime
  std::vector<Note> notes;
  uint64_t version = 0;  // set by Entry; counts from 1
  std::optional<Fingerprint>
      fingerprint;  // set by who publishes it, if the mount can be taken over
  /// What a reader gets, in bytes.
  [[nodiscard]] uint64_t size() const noexcept { return content ? content->size() : bytes.size(); }
};
using ValuePtr = std::shared_ptr<const Value>;

class Entry;
using EntryPtr = std::shared_ptr<Entry>;

/// Makes a value from the inputs' values. May block until the deadline; called on a worker. Errors
/// name the cause, not the entry.
using MakeValue = std::function<Result<Value>(std::span<const ValuePtr> inputs, SteadyTime deadline,
                                              std::stop_token stop)>;

/// Of a document that comes from a store that may be slow, absent or wrong. It is fetched before
/// anybody asks, and again now and then; never in a reader's name once it is there.
struct RemoteTerms {
  std::chrono::milliseconds refresh{};        // how old the value gets before it is fetched again
  std::string document{};                     // what its provider calls it
  std::vector<std::string> denied_offline{};  // refs that are not kept for a start without network
};

struct EntrySpec {
  std::string name;  // path below the mount point; for a source, its name
  std::string
      origin;  // where it comes from, for the status: "age", "view template", "source gitops"
  std::vector<EntryPtr> inputs;  // made first; no cycles
  MakeValue make;
  bool fresh = false;    // made anew at each open, unless published from the start
  bool recorded = true;  // who opens it, in the audit
  /// What `make` does, as text for comparing: entries with the same recipe and the same inputs have
  /// the same value, so that a reload keeps them.
  std::string recipe{};
  /// Absolute paths of what the value is made from besides the inputs. When one changes, the value
  /// is made anew.
  std::vector<std::string> files{};
  /// The remote source that making it may have to ask, or "": only so many of one lane are made at
  /// a time, and never on a worker that local secrets need.
  std::string lane{};
  std::optional<RemoteTerms> remote{};  // of documents of remote sources only
};

/// How a file was used, for the status. Thread-safe.
struct EntryUsage {
  std::atomic<uint64_t> opens{0};
  std::atomic<uint64_t> denials{0};
};

enum class EntryState {
  kPending,  // has no value yet: nobody asked, or what it is made from may still appear
  kReady,    // has a value
  kStale,    // has a value, but the newest try to replace it failed
  kFailed,   // has none, and the newest try failed
};
std::string_view StateName(EntryState state) noexcept;

/// Thread-safe.
class Entry {
 public:
  explicit Entry(EntrySpec spec) : spec_(std::move(spec)) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  [[nodiscard]] const EntrySpec& spec() const noexcept { return spec_; }
  [[nodiscard]] const std::string& name() const noexcept { return spec_.name; }

  /// Held by who makes the value, so that it is made once at a time. Inputs are locked after what
  /// needs them.
  [[nodiscard]] std::unique_lock<std::mutex> LockMaking() {
    wanted_ = true;
    return std::unique_lock(making_);
  }
  /// Whether somebody ever began to make the value.
  [[nodiscard]] bool wanted() const noexcept { return wanted_; }

  /// The newest value, or null.
  [[nodiscard]] ValuePtr value() const;

  struct Report {
    EntryState state = EntryState::kPending;
    ValuePtr value;
    std::optional<Error> error;  // of the newest try
    SteadyTime tried;            // the newest try's end
  };
  [[nodiscard]] Report GetReport() const;
  /// The same, but stale too when it is made from what is.
  [[nodiscard]] Report GetWholeReport() const;

  /// Publishes a new version; who opened an older one keeps it. Its time is `wall`, but always
  /// after the one before, and that of the first is the source's. The same again is no new version:
  /// the value that was there is given. A content always counts as new. For one thread at a time.
  ValuePtr Publish(Value value, SteadyTime now, WallTime wall);
  /// What is there was found to be the newest.
  void Confirm(SteadyTime now);
  /// A value of an earlier time, from the offline copy, for an entry that has none: it is served
  /// as stale, for this reason, until there is a newer one. Before others use the entry, or while
  /// its making is locked.
  void Preload(Value value, Error reason);
  /// A value that was there stays.
  void Fail(Error error, SteadyTime now);
  /// Takes over what an entry of the same name has, before this one is used: its value is served
  /// until there is a newer one.
  void Inherit(const Entry& old);
  /// Takes over only that it was wanted, and what number and time the next version has to exceed.
  void Follow(const Entry& old);

  [[nodiscard]] EntryUsage& usage() noexcept { return usage_; }

 private:
  struct Before {
    uint64_t version = 0;
    WallTime modified{};
  };

  const EntrySpec spec_;
  Before before_;  // of what an entry of this name had; set before this one is used
  EntryUsage usage_;
  std::atomic<bool> wanted_{false};
  std::mutex making_;
  mutable std::mutex mutex_;  // guards what follows
  ValuePtr value_;
  std::optional<Error> error_;
  SteadyTime tried_{};
};

/// What is wrong with an entry whose input `name` failed.
std::string NeedsFailed(const std::string& name, const Error& error);

/// A part of a value with content, which lies in it as a whole.
struct Part {
  EntryPtr entry;  // whose value it is, or was
  ValuePtr value;
  uint64_t offset = 0;
  size_t size = 0;
};

/// Brings values into memory for those who wait for them. Thread-safe.
class Loader {
 public:
  using Done = std::function<void(const Result<ValuePtr>&)>;
  /// Of one who waits; never used again. 0: nobody waits, since `done` was called.
  using Ticket = uint64_t;
  /// What to do with one who wants what failed but may still come (Error::may_come).
  enum class Patience {
    kNone,           // answer with the failure
    kUntilDeadline,  // keep waiting
  };
  virtual ~Loader() = default;
  /// Calls `done` exactly once: at once on this thread when the value is there, else later from
  /// another one. At the deadline it is called with kTimeout; the work itself goes on.
  virtual Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done) = 0;
  /// Who waits with this ticket, if he still does, is answered kInterrupted, on this thread.
  virtual void Cancel(Ticket ticket) = 0;

  using PartDone = std::function<void(const Result<ByteView>&)>;
  /// Calls `done` exactly once, from another thread or, when stopping, at once, with a part of a
  /// value that has content. The bytes are in locked memory, and there during the call only. A
  /// failure is the entry's newest error too, so that its value is made anew when it is next
  /// wanted.
  virtual Ticket Read(Part part, PartDone done) = 0;
};

}  // namespace secretfs
