#include "fs/journal.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace secretfs::fs {
namespace {

constexpr uint64_t kMostDeaths = 5;
/// What may be added to a wait in all, since nobody looks for the value while nobody serves.
constexpr int64_t kGapMs = 5000;
constexpr size_t kHead = sizeof(fuse_in_header);

/// A request as it was received, if it can be one, with room behind it.
std::optional<Bytes> Copy(ByteView from) {
  const auto head = HeadOf(from);
  if (!head || head->len < kHead || head->len > from.size()) return std::nullopt;
  Bytes request(head->len + kBehindRequest);
  std::memcpy(request.data(), from.data(), head->len);
  return request;
}

}  // namespace

Journal::Journal(State* state)
    : layout_(state == nullptr ? nullptr : &state->layout()),
      own_(layout_ == nullptr ? std::make_unique<std::array<std::byte, kLandingBytes>>() : nullptr),
      landing_(layout_ == nullptr ? ByteSpan(*own_) : ByteSpan(layout_->landing)) {
  if (layout_ != nullptr) parked_.reserve(kSlotCount);  // so that parking cannot fail
  if (layout_ != nullptr) free_.reserve(kSlotCount);
}

ByteView Journal::Landed(size_t size) noexcept {
  std::memset(landing_.data() + size, 0, kBehindRequest);
  if (layout_ != nullptr) {
    const auto head = HeadOf(landing_.first(size));
    const std::lock_guard lock(mutex_);
    landed_ = head && IsAnswered(head->opcode) ? head->unique : 0;
    deadline_ = 0;
  }
  return landing_.first(size);
}

void Journal::EndTurn() noexcept {
  if (layout_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (landed_ != 0) Park(*HeadOf(landing_));
  ClearLanding();
}

bool Journal::HasRoom(const fuse_in_header& head) const {
  return head.len <= sizeof(Slot::request) && (!free_.empty() || used_ < kSlotCount) &&
         shares_.MayTake(head.uid);
}

/// What is in a slot counts from when its number is written, and what has landed until its length
/// is gone; in between it is there twice, which does no harm.
void Journal::Park(const fuse_in_header& head) noexcept {
  if (!HasRoom(head)) return;
  size_t index = used_;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    layout_->slots_used = ++used_;
  }
  Slot& slot = layout_->slots[index];
  std::memcpy(slot.request.data(), landing_.data(), head.len);
  slot.deadline = deadline_;
  slot.unique = head.unique;
  parked_.insert_or_assign(head.unique, Parked{static_cast<uint16_t>(index), head.uid});
  shares_.Take(head.uid);
}

void Journal::ClearLanding() noexcept {
  landed_ = 0;
  std::atomic_ref<uint32_t>(*reinterpret_cast<uint32_t*>(landing_.data())) = 0;
}

std::optional<std::chrono::milliseconds> Journal::MayWait(uint64_t unique,
                                                          std::chrono::milliseconds wait) {
  if (layout_ == nullptr) return wait;
  const std::lock_guard lock(mutex_);
  const auto at = parked_.find(unique);
  const bool parked = at != parked_.end();
  if (!parked && landed_ == unique && !resent_ && !HasRoom(*HeadOf(landing_))) return std::nullopt;
  if (wait == std::chrono::milliseconds::max()) return wait;
  const int64_t now = State::Now();
  int64_t deadline = parked ? layout_->slots[at->second.index].deadline.load() : 0;
  if (const auto before = deadlines_.find(unique & ~kResentMark); before != deadlines_.end()) {
    deadline = before->second;
    deadlines_.erase(before);
  }
  if (deadline == 0) deadline = now + wait.count() + kGapMs;
  if (parked) {
    layout_->slots[at->second.index].deadline = deadline;
  } else {
    deadline_ = deadline;
  }
  if (deadline <= now) return std::chrono::milliseconds(0);
  return std::min(wait, std::chrono::milliseconds(deadline - now));
}

bool Journal::Keeps(uint64_t unique) const {
  const std::lock_guard lock(mutex_);
  return unique != 0 && (unique == landed_ || parked_.contains(unique));
}

void Journal::Answered(uint64_t unique) noexcept {
  if (layout_ == nullptr || unique == 0) return;
  const std::lock_guard lock(mutex_);
  if (unique == landed_) {
    ClearLanding();
    return;
  }
  const auto at = parked_.find(unique);
  if (at == parked_.end()) return;
  layout_->slots[at->second.index].unique = 0;
  free_.push_back(at->second.index);
  shares_.GiveBack(at->second.user);
  parked_.erase(at);
}

std::vector<Bytes> Journal::TakeLeft() {
  std::vector<Bytes> left;
  if (layout_ == nullptr) return left;
  NoteDeath();
  const std::lock_guard lock(mutex_);
  used_ = std::min<size_t>(layout_->slots_used, kSlotCount);
  for (size_t i = 0; i < used_; ++i) {
    Slot& slot = layout_->slots[i];
    auto request = slot.unique == 0 ? std::nullopt : Copy(slot.request);
    const auto index = static_cast<uint16_t>(i);
    const auto head = request ? HeadOf(*request) : std::nullopt;
    if (head && head->unique == slot.unique &&
        parked_.try_emplace(head->unique, Parked{index, head->uid}).second) {
      shares_.Take(head->uid);
      left.push_back(*std::move(request));
    } else {
      slot.unique = 0;
      free_.push_back(index);
    }
  }
  auto landed = Copy(landing_.first(kLandingBytes - kBehindRequest));
  if (landed && IsAnswered(HeadOf(*landed)->opcode) && !parked_.contains(HeadOf(*landed)->unique)) {
    landed_ = HeadOf(*landed)->unique;
    left.push_back(*std::move(landed));
  } else {
    ClearLanding();
  }
  return left;
}

void Journal::DropLeft() noexcept {
  if (layout_ == nullptr) return;
  NoteDeath();
  const std::lock_guard lock(mutex_);
  const size_t used = std::min<size_t>(layout_->slots_used, kSlotCount);
  for (size_t i = 0; i < used; ++i) {
    Slot& slot = layout_->slots[i];
    if (slot.unique != 0 && slot.deadline != 0)
      deadlines_.emplace(slot.unique & ~kResentMark, slot.deadline);
    slot.unique = 0;
  }
  layout_->slots_used = 0;
  ClearLanding();
}

void Journal::Begin(uint64_t unique) noexcept {
  if (layout_ != nullptr) layout_->suspect = unique & ~kResentMark;
}

void Journal::End() noexcept { Begin(0); }

/// In the place of what fewest died of, if it is not in the table yet.
void Journal::NoteDeath() noexcept {
  const uint64_t unique = layout_->suspect.exchange(0);
  if (unique == 0) return;
  auto& all = layout_->deadly;
  auto at = std::ranges::find(all, unique, &Deadly::unique);
  if (at == all.end()) {
    at = std::ranges::min_element(all, {}, &Deadly::deaths);
    *at = {unique, 0};
  }
  ++at->deaths;
}

bool Journal::IsDeadly(uint64_t unique) const noexcept {
  if (layout_ == nullptr) return false;
  const auto& all = layout_->deadly;
  const auto at = std::ranges::find(all, unique & ~kResentMark, &Deadly::unique);
  return at != all.end() && at->deaths >= kMostDeaths;
}

}  // namespace secretfs::fs
