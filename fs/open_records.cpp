#include "fs/open_records.h"

#include <algorithm>

#include "fs/request.h"

namespace secretfs::fs {
namespace {

// A handle is a serial number, and which record is its own; the last of these is none.
constexpr unsigned kIndexBits = 17;
constexpr uint64_t kNoRecord = (uint64_t{1} << kIndexBits) - 1;
static_assert(kRecordCount <= kNoRecord);

constexpr uint64_t IndexOf(uint64_t handle) noexcept { return handle & kNoRecord; }

}  // namespace

OpenRecords::OpenRecords(State* state) noexcept
    : layout_(state == nullptr ? nullptr : &state->layout()) {}

void OpenRecords::Adopt() {
  if (layout_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  used_ = std::min<size_t>(layout_->records_used, kRecordCount);
  for (size_t i = 0; i < used_; ++i) {
    OpenRecord& record = layout_->records[i];
    if (record.handle != 0 && IndexOf(record.handle) == i) {
      before_.emplace(record.unique, record.handle);
      shares_.Take(record.user);
    } else {
      record.handle = 0;
      free_.push_back(static_cast<uint32_t>(i));
    }
  }
}

std::optional<size_t> OpenRecords::FreeFor(uid_t user) {
  if (!shares_.MayTake(user)) return std::nullopt;
  if (!free_.empty()) {
    const size_t index = free_.back();
    free_.pop_back();
    return index;
  }
  if (used_ == kRecordCount) return std::nullopt;
  layout_->records_used = used_ + 1;
  return used_++;
}

uint64_t OpenRecords::Add(const Opening& opening, const std::optional<Fingerprint>& fingerprint) {
  const std::lock_guard lock(mutex_);
  if (layout_ == nullptr) return (++last_serial_ << kIndexBits) | kNoRecord;
  const uint64_t serial = ++layout_->last_serial << kIndexBits;
  const auto index = fingerprint ? FreeFor(opening.user) : std::nullopt;
  if (!index) return serial | kNoRecord;
  shares_.Take(opening.user);
  OpenRecord& record = layout_->records[*index];
  record.unique = opening.unique & ~kResentMark;
  record.inode = opening.inode;
  record.poll = 0;
  record.user = opening.user;
  record.fingerprint = *fingerprint;
  record.handle = serial | *index;
  return record.handle;
}

void OpenRecords::Delivered(const Opening& opening, uint64_t handle) {
  if (!opening.again) return;
  std::vector<uint64_t> never;
  {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = before_.equal_range(opening.unique & ~kResentMark);
    for (auto at = begin; at != end; ++at) never.push_back(at->second);
    before_.erase(begin, end);
  }
  for (const uint64_t other : never) {
    if (other != handle) Remove(other);
  }
}

void OpenRecords::Remove(uint64_t handle) {
  const std::lock_guard lock(mutex_);
  OpenRecord* const record = RecordOf(handle);
  if (record == nullptr) return;
  const auto [begin, end] = before_.equal_range(record->unique);
  for (auto at = begin; at != end; ++at) {
    if (at->second != handle) continue;
    before_.erase(at);
    break;
  }
  shares_.GiveBack(record->user);
  record->handle = 0;
  free_.push_back(static_cast<uint32_t>(IndexOf(handle)));
}

OpenRecord* OpenRecords::RecordOf(uint64_t handle) const noexcept {
  const uint64_t index = IndexOf(handle);
  if (layout_ == nullptr || handle == 0 || index >= used_) return nullptr;
  OpenRecord& record = layout_->records[index];
  return record.handle == handle ? &record : nullptr;
}

std::optional<Opened> OpenRecords::Find(uint64_t handle) const {
  const std::lock_guard lock(mutex_);
  const OpenRecord* const record = RecordOf(handle);
  if (record == nullptr) return std::nullopt;
  return Opened{record->inode, record->fingerprint};
}

void OpenRecords::NotePoll(uint64_t file, uint64_t poll) noexcept {
  const std::lock_guard lock(mutex_);
  if (OpenRecord* const record = RecordOf(file)) record->poll = poll;
}

std::vector<uint64_t> OpenRecords::polls() const {
  std::vector<uint64_t> all;
  if (layout_ == nullptr) return all;
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < used_; ++i) {
    const OpenRecord& record = layout_->records[i];
    if (record.handle != 0 && record.poll != 0) all.push_back(record.poll);
  }
  return all;
}

}  // namespace secretfs::fs
