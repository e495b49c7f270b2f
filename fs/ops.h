// Ops: what each request means, answered from one snapshot. Knows nothing of libfuse; fs/bridge.cpp
// translates. Runs on the thread that receives requests; an answer that needs a value not yet in
// memory comes later, from another thread, and holds no thread meanwhile. Nothing here waits.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "core/audit.h"
#include "core/entry.h"
#include "core/policy.h"
#include "core/snapshot.h"
#include "fs/reopening.h"

namespace secretfs::fs {

/// A value, or the errno that the kernel gets.
template <class T>
class Reply {
 public:
  Reply(T value) : state_(std::move(value)) {}  // NOLINT: implicit
  static Reply Fail(int error_number) { return Reply(Errno{error_number}); }
  [[nodiscard]] int error() const noexcept {
    const auto* failed = std::get_if<Errno>(&state_);
    return failed == nullptr ? 0 : failed->number;
  }
  T& value() { return std::get<T>(state_); }
  const T& value() const { return std::get<T>(state_); }

 private:
  struct Errno {
    int number;
  };
  explicit Reply(Errno error) : state_(error) {}
  std::variant<T, Errno> state_;
};

struct Attributes {
  struct stat stat {};
  bool lasting = false;  // until the snapshot changes; else the kernel must ask again each time
  bool hidden = false;  // the name is there for some callers only, or was there before a reload, so
                        // that it may not be remembered
};

/// Pins one version for the life of a file descriptor.
struct OpenFile {
  ValuePtr value;
  EntryPtr entry = nullptr;  // whose it is
};

/// Keeps names alone, since anybody can keep it: no entries of a tree that is not there any more.
struct OpenDirectory {
  uint64_t inode = 0;
  uint64_t parent = 0;
  std::shared_ptr<const Listing> listing;
  bool same_for_all = true;  // else it is what this caller may see
};

struct DirectoryEntry {
  uint64_t inode = 0;
  std::string_view name;
  bool is_directory = false;
};

class Ops {
 public:
  struct Services {
    const SnapshotCell& snapshots;
    Loader& loader;
    const Accounts& accounts;
    AuditSink& audit;
    const Clock& clock;
    uid_t owner = ::geteuid();  // of the folders: who mounted
    gid_t group = ::getegid();
    /// Hears what TellNotReopened() is told; from any thread, and must not wait. May be empty.
    std::function<void(const ReopenFailure&)> not_reopened{};
  };
  explicit Ops(const Services& services) : services_(services) {}

  using AttributesDone = std::function<void(const Reply<Attributes>&)>;
  using OpenDone = std::function<void(const Reply<OpenFile>&)>;
  /// With the failure unless it is reopened, or who waited was told to try again, or interrupted.
  using ReopenDone = std::function<void(const Reply<OpenFile>&, const ReopenFailure*)>;
  using ReadDone = std::function<void(const Reply<ByteView>&)>;
  /// Called on the thread that asked, before `done` is given to others; not when it is called at
  /// once. What may wait returns a ticket for Cancel(), 0 when it was answered. It is told for how
  /// long the caller would wait at most (kNoLimit: the loader knows), and says for how long he may;
  /// when it says nothing he may not: EAGAIN, or attributes as they are known.
  using BeforeWait =
      std::function<std::optional<std::chrono::milliseconds>(std::chrono::milliseconds)>;
  static constexpr std::chrono::milliseconds kNoLimit = std::chrono::milliseconds::max();

  /// A name is visible to all but in .credstore; its content is guarded. The size is the value's,
  /// so the first look of one who may read brings it into memory; if that fails or takes over a
  /// second the size is 0 for now, and so it is for others until the value is there. ENOENT,
  /// ENAMETOOLONG. For an inode that is not there, here and below: ESTALE, on which the kernel
  /// looks the path up anew.
  Loader::Ticket Lookup(const Caller& caller, uint64_t parent, std::string_view name,
                        const AttributesDone& done, const BeforeWait& before_wait = {}) const;
  Loader::Ticket GetAttributes(const Caller& caller, uint64_t inode, const AttributesDone& done,
                               const BeforeWait& before_wait = {}) const;

  /// The same from what is in memory, for ourselves: asks no rules, fetches nothing.
  [[nodiscard]] Reply<Attributes> Peek(uint64_t inode) const;
  [[nodiscard]] Reply<Attributes> PeekChild(uint64_t parent, std::string_view name) const;

  /// Whether the file at this inode has another content by now, or is not there any more.
  [[nodiscard]] bool IsOutdated(uint64_t inode, const OpenFile& file) const;

  /// access(2) by the same rules as Open, and recorded like it. EACCES, EROFS.
  [[nodiscard]] int Access(const Caller& caller, uint64_t inode, int mask) const;

  /// Decides, and again if the tree is another one when the value is there, then records and gives
  /// the newest value. EACCES, also when it must be on record and cannot be (but for our own
  /// status); ENOENT when it went meanwhile; EROFS; ETIMEDOUT after the entry's `wait`, also when
  /// it could not be had but may still come; and what ErrnoFor says of a failed value.
  Loader::Ticket Open(const Caller& caller, uint64_t inode, int flags, const OpenDone& done,
                      const BeforeWait& before_wait = {}) const;

  /// What was opened in a server before, if the value is the one of that fingerprint (nothing:
  /// ESTALE), as it was decided then. ESTALE too for another value. What cannot be had is waited
  /// for as in Open, and at least as long as is usual, since who reads has opened it; at the end he
  /// is told what an open would be, since it may be there again when he reads the next time.
  Loader::Ticket Reopen(uint64_t inode, const std::optional<Fingerprint>& fingerprint,
                        const ReopenDone& done, const BeforeWait& before_wait = {}) const;
  void TellNotReopened(const ReopenFailure& failure) const {
    if (services_.not_reopened) services_.not_reopened(failure);
  }

  /// The part of the file at `offset`, clipped to its end; of a file that is in memory.
  static ByteView Read(const OpenFile& file, uint64_t offset, size_t size) noexcept;

  /// The same for a file that is not, being too large. The part is there during the call only.
  /// EBADMSG when the source is not, or no longer, what it was; and what ErrnoFor says.
  Loader::Ticket ReadContent(const OpenFile& file, uint64_t offset, size_t size,
                             const ReadDone& done, const BeforeWait& before_wait = {}) const;

  /// Who waits with this ticket, if he still does, is answered at once, on this thread: EINTR, or
  /// attributes with size 0.
  void Cancel(Loader::Ticket ticket) const { services_.loader.Cancel(ticket); }

  /// Lists .credstore as it is for this caller.
  [[nodiscard]] Reply<OpenDirectory> OpenDir(const Caller& caller, uint64_t inode) const;
  /// The index-th entry, `.` and `..` first; an empty name after the last.
  static DirectoryEntry EntryAt(const OpenDirectory& directory, size_t index);

  /// What a reader sees when a value cannot be had: ENOKEY no identity opens it, EBADMSG its source
  /// is corrupt, ENODATA its source is missing, ETIMEDOUT, EINTR, EFBIG, ENOMEM, else
  /// EIO.
  static int ErrnoFor(Code code) noexcept;

 private:
  Loader::Ticket FileAttributes(const Caller& caller, SnapshotPtr snapshot, const Node& node,
                                const AttributesDone& done, const BeforeWait& before_wait) const;
  [[nodiscard]] Attributes PeekAt(const Snapshot& snapshot, const Node& node) const;
  [[nodiscard]] Attributes DirectoryAttributes(const Snapshot& snapshot, const Node& node) const;
  [[nodiscard]] Attributes Describe(const Node& node, const ValuePtr& value,
                                    WallTime created) const;
  [[nodiscard]] Decision Judge(const Caller& caller, const Node& node) const;
  /// A denial is counted and recorded here; what is allowed, when it is known what was given.
  [[nodiscard]] Decision Decide(const Caller& caller, const Node& node,
                                AuditEvent::Operation operation) const;
  /// For one who was allowed, and waited while another snapshot was published: 0 or the errno.
  [[nodiscard]] int DecideAgain(const Caller& caller, const Snapshot& newest, uint64_t inode) const;
  /// The end of an open that was allowed: counted, recorded if there is an event.
  [[nodiscard]] Reply<OpenFile> Given(const EntryPtr& entry, const Result<ValuePtr>& value,
                                      std::optional<AuditEvent> event) const;

  Services services_;
};

}  // namespace secretfs::fs
