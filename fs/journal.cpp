#include "fs/journal.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace secretfs::fs {
namespace {

constexpr uint64_t kMostDeaths = 5;
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
  }
  return landing_.first(size);
}

void Journal::EndTurn() noexcept {
  if (layout_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (landed_ != 0) Park(*HeadOf(landing_));
  ClearLanding();
}

/// What is in a slot counts from when its number is written, and what has landed until its length
/// is gone; in between it is there twice, which does no harm.
void Journal::Park(const fuse_in_header& head) noexcept {
  if (head.len > sizeof(Slot::request)) return;
  size_t index = used_;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else if (used_ < kSlotCount) {
    layout_->slots_used = ++used_;
  } else {
    return;
  }
  Slot& slot = layout_->slots[index];
  std::memcpy(slot.request.data(), landing_.data(), head.len);
  slot.unique = head.unique;
  parked_.insert_or_assign(head.unique, static_cast<uint16_t>(index));
}

void Journal::ClearLanding() noexcept {
  landed_ = 0;
  std::atomic_ref<uint32_t>(*reinterpret_cast<uint32_t*>(landing_.data())) = 0;
}

bool Journal::MayWait() const {
  if (layout_ == nullptr) return true;
  const std::lock_guard lock(mutex_);
  if (landed_ == 0) return true;  // it has a slot already
  return HeadOf(landing_)->len <= sizeof(Slot::request) && (!free_.empty() || used_ < kSlotCount);
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
  layout_->slots[at->second].unique = 0;
  free_.push_back(at->second);
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
    if (request && HeadOf(*request)->unique == slot.unique &&
        parked_.try_emplace(slot.unique, index).second) {
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
  for (size_t i = 0; i < used; ++i) layout_->slots[i].unique = 0;
  layout_->slots_used = 0;
  ClearLanding();
}

void Journal::NoteDeath() noexcept {
  const auto head = HeadOf(landing_);
  if (head->len == 0) return;
  const uint64_t unique = head->unique & ~kResentMark;
  layout_->deaths = layout_->suspect == unique ? layout_->deaths + 1 : 1;
  layout_->suspect = unique;
}

bool Journal::IsDeadly(uint64_t unique) const noexcept {
  return layout_ != nullptr && layout_->deaths >= kMostDeaths &&
         layout_->suspect == (unique & ~kResentMark);
}

}  // namespace secretfs::fs
