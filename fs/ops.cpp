#include "fs/ops.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "fs/ops_waiting.h"

namespace secretfs::fs {
namespace {

constexpr std::chrono::seconds kAttributesWait{1};

struct timespec ToTimespec(WallTime time) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  struct timespec out {};
  out.tv_sec = seconds.count();
  out.tv_nsec = (since_epoch - seconds).count();
  return out;
}

void SetTimes(struct stat& stat, WallTime time) {
  stat.st_mtim = stat.st_ctim = stat.st_atim = ToTimespec(time);
}

template <class Done, class Answer>
Loader::Ticket AtOnce(const Done& done, const Answer& answer) {
  done(answer);
  return 0;
}

/// What tells how we are holds no secrets, and is wanted most when nothing can be recorded.
bool IsOwn(const Entry& entry) noexcept { return entry.spec().fresh; }

/// systemd fails a unit for one credential that is refused, and passes over one that is not there.
int Refusal(const Node& node) noexcept { return node.credstore ? ENOENT : EACCES; }

}  // namespace

Loader::Ticket Ops::Lookup(const Caller& caller, uint64_t parent, std::string_view name,
                           const AttributesDone& done, const BeforeWait& before_wait) const {
  if (name.size() > NAME_MAX) return AtOnce(done, Reply<Attributes>::Fail(ENAMETOOLONG));
  SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* directory = snapshot->Find(parent);
  if (directory == nullptr) return AtOnce(done, Reply<Attributes>::Fail(ESTALE));
  const Node* node = snapshot->Child(*directory, name);
  if (node == nullptr) return AtOnce(done, Reply<Attributes>::Fail(ENOENT));
  if (node->is_directory()) return AtOnce(done, DirectoryAttributes(*snapshot, *node));
  // systemd says nothing of a credential that it did not find, so the record has to.
  if (node->credstore && !Decide(caller, *node, AuditEvent::Operation::kLookup).allow) {
    return AtOnce(done, Reply<Attributes>::Fail(ENOENT));
  }
  return FileAttributes(caller, std::move(snapshot), *node, done, before_wait);
}

Loader::Ticket Ops::GetAttributes(const Caller& caller, uint64_t inode, const AttributesDone& done,
                                  const BeforeWait& before_wait) const {
  SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* node = snapshot->Find(inode);
  if (node == nullptr) return AtOnce(done, Reply<Attributes>::Fail(ESTALE));
  if (node->is_directory()) return AtOnce(done, DirectoryAttributes(*snapshot, *node));
  return FileAttributes(caller, std::move(snapshot), *node, done, before_wait);
}

Reply<Attributes> Ops::Peek(uint64_t inode) const {
  const SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* node = snapshot->Find(inode);
  return node == nullptr ? Reply<Attributes>::Fail(ESTALE) : PeekAt(*snapshot, *node);
}

Reply<Attributes> Ops::PeekChild(uint64_t parent, std::string_view name) const {
  const SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* directory = snapshot->Find(parent);
  if (directory == nullptr) return Reply<Attributes>::Fail(ESTALE);
  const Node* node = snapshot->Child(*directory, name);
  return node == nullptr ? Reply<Attributes>::Fail(ENOENT) : PeekAt(*snapshot, *node);
}

Attributes Ops::PeekAt(const Snapshot& snapshot, const Node& node) const {
  if (node.is_directory()) return DirectoryAttributes(snapshot, node);
  return Describe(node, node.file.entry->value(), snapshot.created());
}

bool Ops::IsOutdated(uint64_t inode, const OpenFile& file) const {
  const SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* node = snapshot->Find(inode);
  if (node == nullptr || node->is_directory()) return true;
  const EntryPtr& entry = node->file.entry;
  if (entry->spec().fresh) return false;  // what it says differs each time
  const ValuePtr newest = entry->value();
  if (newest == nullptr || newest == file.value) return false;
  if (entry == file.entry) return newest->version != file.value->version;
  // Declared otherwise since, which need not have changed what it holds.
  return newest->content || file.value->content ||
         !ConstantTimeEqual(newest->bytes.Expose(), file.value->bytes.Expose());
}

Loader::Ticket Ops::FileAttributes(const Caller& caller, SnapshotPtr snapshot, const Node& node,
                                   const AttributesDone& done,
                                   const BeforeWait& before_wait) const {
  const Entry& entry = *node.file.entry;
  const ValuePtr there = entry.value();
  // Who may not read must not be able to have things fetched, or to fill the memory.
  if (there || !Judge(caller, node).allow) {
    return AtOnce(done, Describe(node, there, snapshot->created()));
  }
  const auto wait = AllowedWait(
      before_wait, std::min<std::chrono::milliseconds>(node.file.access.wait, kAttributesWait));
  if (!wait) return AtOnce(done, Describe(node, there, snapshot->created()));
  const SteadyTime deadline = services_.clock.Steady() + *wait;
  return services_.loader.Want(
      node.file.entry, deadline, Loader::Patience::kNone,
      [this, snapshot = std::move(snapshot), &node, done](const Result<ValuePtr>& value) {
        Attributes attributes = Describe(node, value ? *value : nullptr, snapshot->created());
        // What is published is announced, but perhaps before the kernel hears this.
        if (services_.snapshots.Load() != snapshot) {
          attributes.lasting = false;
          attributes.hidden = true;
        }
        done(attributes);
      });
}

Attributes Ops::DirectoryAttributes(const Snapshot& snapshot, const Node& node) const {
  Attributes attributes;
  attributes.lasting = true;
  attributes.stat.st_ino = node.inode;
  attributes.stat.st_mode = S_IFDIR | 0755U;
  attributes.stat.st_nlink = 2 + node.subdirectories;
  attributes.stat.st_uid = services_.owner;
  attributes.stat.st_gid = services_.group;
  SetTimes(attributes.stat, snapshot.created());
  return attributes;
}

Attributes Ops::Describe(const Node& node, const ValuePtr& value, WallTime created) const {
  const secretfs::Access& access = node.file.access;
  const Ownership ownership = OwnershipOf(access, services_.accounts);
  Attributes attributes;
  // One with content is made anew when its source was found changed, perhaps with another size.
  const bool may_change = value == nullptr || value->content || node.file.entry->spec().fresh;
  attributes.hidden = node.credstore;
  attributes.lasting = !may_change && ownership.resolved && !attributes.hidden;
  struct stat& stat = attributes.stat;
  stat.st_ino = node.inode;
  stat.st_mode = S_IFREG | access.mode;
  stat.st_nlink = 1;
  stat.st_uid = ownership.uid;
  stat.st_gid = ownership.gid;
  SetTimes(stat, value ? value->modified : created);
  if (value) {
    stat.st_size = static_cast<off_t>(value->size());
    stat.st_blocks = (stat.st_size + 511) / 512;
  }
  return attributes;
}

namespace {

AuditEvent EventOf(const Caller& caller, const File& file, const Decision& decision,
                   AuditEvent::Operation operation) {
  return {.operation = operation,
          .allowed = decision.allow,
          .rule = std::string(decision.rule),
          .name = file.entry->name(),
          .failure = "",
          .uid = caller.uid(),
          .gid = caller.gid(),
          .pid = caller.pid(),
          .process = caller.Process(),
          .units = caller.InUnits(),
          .executable = caller.Executable()};
}

}  // namespace

Decision Ops::Judge(const Caller& caller, const Node& node) const {
  const secretfs::Access& access = node.file.access;
  return node.credstore ? CheckCredential(access, caller, services_.accounts)
                        : CheckRead(access, caller, services_.accounts);
}

Decision Ops::Decide(const Caller& caller, const Node& node,
                     AuditEvent::Operation operation) const {
  const Decision decision = Judge(caller, node);
  if (decision.allow) return decision;
  node.file.entry->usage().denials.fetch_add(1, std::memory_order_relaxed);
  if (services_.audit.Wants(false)) {
    (void)services_.audit.Record(EventOf(caller, node.file, decision, operation));
  }
  return decision;
}

int Ops::Access(const Caller& caller, uint64_t inode, int mask) const {
  const SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* node = snapshot->Find(inode);
  if (node == nullptr) return ESTALE;
  if ((mask & W_OK) != 0) return EROFS;
  if (node->is_directory()) return 0;
  if ((mask & X_OK) != 0) return EACCES;  // nothing here is a program
  if ((mask & R_OK) == 0) return 0;
  constexpr auto kAccess = AuditEvent::Operation::kAccess;
  const Decision decision = Decide(caller, *node, kAccess);
  if (!decision.allow) return Refusal(*node);
  if (!services_.audit.Wants(true)) return 0;
  const bool recorded = services_.audit.Record(EventOf(caller, node->file, decision, kAccess));
  return recorded || IsOwn(*node->file.entry) ? 0 : EACCES;
}

Loader::Ticket Ops::Open(const Caller& caller, uint64_t inode, int flags, const OpenDone& done,
                         const BeforeWait& before_wait) const {
  const SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* node = snapshot->Find(inode);
  if (node == nullptr) return AtOnce(done, Reply<OpenFile>::Fail(ESTALE));
  if (node->is_directory()) return AtOnce(done, Reply<OpenFile>::Fail(EISDIR));
  if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0)
    return AtOnce(done, Reply<OpenFile>::Fail(EROFS));
  const Decision decision = Decide(caller, *node, AuditEvent::Operation::kOpen);
  if (!decision.allow) return AtOnce(done, Reply<OpenFile>::Fail(Refusal(*node)));
  const EntryPtr& entry = node->file.entry;
  std::optional<AuditEvent> event;
  // Now, since who waits may be gone, and its pid another's, when the answer is known.
  if (entry->spec().recorded && (services_.audit.Wants(true) ||
                                 (!entry->value() && services_.audit.WantsFailure(caller.uid()))))
    event = EventOf(caller, node->file, decision, AuditEvent::Operation::kOpen);
  if (const ValuePtr ready = InMemory(*entry))
    return AtOnce(done, Given(entry, ready, std::move(event)));
  const auto wait = AllowedWait(before_wait, node->file.access.wait);
  if (!wait) return AtOnce(done, Reply<OpenFile>::Fail(EAGAIN));
  const SteadyTime deadline = services_.clock.Steady() + *wait;
  return services_.loader.Want(
      entry, deadline, Loader::Patience::kUntilDeadline,
      [this, done, entry, snapshot, inode, kept = caller.Keep(),
       event = std::move(event)](const Result<ValuePtr>& value) mutable {
        const SnapshotPtr newest = services_.snapshots.Load();
        if (const int error = value && newest != snapshot ? DecideAgain(*kept, *newest, inode) : 0)
          return done(Reply<OpenFile>::Fail(error));
        done(Given(entry, value, std::move(event)));
      });
}

int Ops::DecideAgain(const Caller& caller, const Snapshot& newest, uint64_t inode) const {
  const Node* node = newest.Find(inode);
  if (node == nullptr || node->is_directory()) return ENOENT;
  return Decide(caller, *node, AuditEvent::Operation::kOpen).allow ? 0 : Refusal(*node);
}

Reply<OpenFile> Ops::Given(const EntryPtr& entry, const Result<ValuePtr>& value,
                           std::optional<AuditEvent> event) const {
  if (!value) {
    if (event) {
      event->failure = WhyNot(*entry, value.error());
      (void)services_.audit.Record(std::move(*event));
    }
    return Reply<OpenFile>::Fail(ErrnoFor(value.error().code));
  }
  if (event && services_.audit.Wants(true)) {
    event->version = (*value)->version;
    const bool recorded = services_.audit.Record(std::move(*event));
    if (!recorded && !IsOwn(*entry)) return Reply<OpenFile>::Fail(EACCES);
  }
  entry->usage().opens.fetch_add(1, std::memory_order_relaxed);
  return OpenFile{*value, entry};
}

ByteView Ops::Read(const OpenFile& file, uint64_t offset, size_t size) noexcept {
  const ByteView bytes = file.value->bytes.Expose();
  if (offset >= bytes.size()) return {};
  return bytes.subspan(offset, std::min(size, bytes.size() - offset));
}

Loader::Ticket Ops::ReadContent(const OpenFile& file, uint64_t offset, size_t size,
                                const ReadDone& done, const BeforeWait& before_wait) const {
  const uint64_t whole = file.value->size();
  if (offset >= whole || size == 0) return AtOnce(done, ByteView{});
  size = static_cast<size_t>(std::min<uint64_t>(size, whole - offset));
  if (!AllowedWait(before_wait, kNoLimit)) return AtOnce(done, Reply<ByteView>::Fail(EAGAIN));
  return services_.loader.Read(
      {file.entry, file.value, offset, size}, [done](const Result<ByteView>& part) {
        done(part ? Reply<ByteView>(*part) : Reply<ByteView>::Fail(ErrnoFor(part.error().code)));
      });
}

Reply<OpenDirectory> Ops::OpenDir(const Caller& caller, uint64_t inode) const {
  const SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* node = snapshot->Find(inode);
  if (node == nullptr) return Reply<OpenDirectory>::Fail(ESTALE);
  if (!node->is_directory()) return Reply<OpenDirectory>::Fail(ENOTDIR);
  if (!node->credstore) return OpenDirectory{inode, node->parent, node->listing};
  const auto shown = std::make_shared<Listing>();
  for (const uint64_t inside : node->children) {
    const Node& child = *snapshot->Find(inside);
    if (Judge(caller, child).allow) shown->push_back({inside, child.name, child.is_directory()});
  }
  return OpenDirectory{inode, node->parent, shown, false};
}

DirectoryEntry Ops::EntryAt(const OpenDirectory& directory, size_t index) {
  if (index == 0) return {directory.inode, ".", true};
  if (index == 1) return {directory.parent, "..", true};
  if (index - 2 >= directory.listing->size()) return {};
  const Listed& child = (*directory.listing)[index - 2];
  return {child.inode, child.name, child.is_directory};
}

int Ops::ErrnoFor(Code code) noexcept {
  switch (code) {
    case Code::kNoMatch:
      return ENOKEY;
    case Code::kHeader:
    case Code::kMac:
    case Code::kPayload:
    case Code::kArmor:
    case Code::kInvalid:
      return EBADMSG;
    case Code::kNotFound:
      return ENODATA;
    case Code::kTimeout:
      return ETIMEDOUT;
    case Code::kInterrupted:
      return EINTR;
    case Code::kTooLarge:
      return EFBIG;
    case Code::kResource:
      return ENOMEM;
    case Code::kPermission:
    case Code::kUnavailable:
    case Code::kLimited:
    case Code::kRefused:
    case Code::kUnsupported:
    case Code::kIo:
      break;
  }
  return EIO;
}

}  // namespace secretfs::fs
