#include <algorithm>
#include <cerrno>

#include "fs/ops.h"
#include "fs/ops_waiting.h"

namespace secretfs::fs {
namespace {

using Reason = ReopenFailure::Reason;

Loader::Ticket NotReopened(const Ops::ReopenDone& done, Reason reason, const std::string& name) {
  const ReopenFailure failure{reason, name, ""};
  done(Reply<OpenFile>::Fail(ESTALE), &failure);
  return 0;
}

/// For who wants that version.
void AnswerReopen(const EntryPtr& entry, const Fingerprint& wanted, const Result<ValuePtr>& value,
                  const Ops::ReopenDone& done) {
  if (value && (*value)->fingerprint == wanted) return done(OpenFile{*value, entry}, nullptr);
  if (value) return (void)NotReopened(done, Reason::kChanged, entry->name());
  const Error& error = value.error();
  const auto reply = Reply<OpenFile>::Fail(Ops::ErrnoFor(error.code));
  if (error.code == Code::kInterrupted) return done(reply, nullptr);
  const Reason reason = error.code == Code::kTimeout ? Reason::kLate : Reason::kFailed;
  const ReopenFailure failure{reason, entry->name(), WhyNot(*entry, error)};
  done(reply, &failure);
}

}  // namespace

Loader::Ticket Ops::Reopen(uint64_t inode, const std::optional<Fingerprint>& fingerprint,
                           const ReopenDone& done, const BeforeWait& before_wait) const {
  const SnapshotPtr snapshot = services_.snapshots.Load();
  const Node* node = snapshot->Find(inode);
  if (node == nullptr || node->is_directory()) return NotReopened(done, Reason::kGone, "");
  const EntryPtr& entry = node->file.entry;
  if (!fingerprint) return NotReopened(done, Reason::kUnknown, entry->name());
  if (const ValuePtr ready = InMemory(*entry)) {
    AnswerReopen(entry, *fingerprint, ready, done);
    return 0;
  }
  const auto wait =
      AllowedWait(before_wait, std::max(node->file.access.wait, secretfs::Access{}.wait));
  if (!wait) {
    done(Reply<OpenFile>::Fail(EAGAIN), nullptr);
    return 0;
  }
  const SteadyTime deadline = services_.clock.Steady() + *wait;
  return services_.loader.Want(entry, deadline, Loader::Patience::kUntilDeadline,
                               [done, entry, wanted = *fingerprint](const Result<ValuePtr>& value) {
                                 AnswerReopen(entry, wanted, value, done);
                               });
}

}  // namespace secretfs::fs
