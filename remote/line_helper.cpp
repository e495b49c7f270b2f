#include "remote/line_helper.h"

#include <algorithm>
#include <chrono>

#include "remote/secret_json.h"

namespace secretfs::remote {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10U;
constexpr auto kTimeToEnd = std::chrono::seconds(1);  // of one that was asked once

bool IsDone(const SecretBytes& line) {
  HelperAnswers answers({});
  return answers.Take(line.Expose()) && answers.done();
}

}  // namespace

Status LineHelper::Start() {
  program_.reset();
  unread_.buffer = TRY(crypto::LockedBuffer::Make(kReadBytes));
  unread_.begin = unread_.end = 0;
  owes_done_ = false;
  program_ = TRY(Program::Start(options_));
  return Ok{};
}

/// Anything but the `done` that it owes would be taken for an answer to the next request.
bool LineHelper::IsInStep(SteadyTime deadline) {
  if (program_->process().HasEnded()) return false;
  while (unread_.begin != unread_.end || program_->process().HasOutput()) {
    const auto line = ReadLine(deadline);
    if (!line || !owes_done_ || !IsDone(*line)) return false;
    owes_done_ = false;
  }
  return true;
}

Status LineHelper::Ask(ByteView request, HelperAnswers& answers, SteadyTime deadline,
                       const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  if (program_) TRY(program_->process().ObeyStop(stop));
  if (program_ && !IsInStep(deadline)) program_.reset();
  const bool was_there = program_ != nullptr;
  bool heard = false;
  Status asked = AskOnce(request, answers, deadline, stop, &heard);
  // It may have ended just when it was asked: that says nothing about the next one.
  if (!asked && asked.error().code == Code::kUnavailable && was_there && !heard) {
    asked = AskOnce(request, answers, deadline, stop, &heard);
  }
  if (life_ == Life::kOnce && program_) {
    const auto now = std::chrono::steady_clock::now();
    (void)program_->process().Wait(std::min(deadline, now + kTimeToEnd));
    program_.reset();
  }
  return asked;
}

Status LineHelper::AskOnce(ByteView request, HelperAnswers& answers, SteadyTime deadline,
                           const std::stop_token& stop, bool* heard) {
  if (!program_) TRY(Start());
  Status asked = program_->process().ObeyStop(stop);
  if (asked) asked = program_->process().Write(request, deadline);
  // One that reads no more may have said why.
  const bool deaf = !asked && asked.error().code == Code::kUnavailable;
  if (asked && life_ == Life::kOnce) program_->process().CloseInput();
  if (asked || deaf) asked = TakeAnswers(answers, deadline, heard);
  if (!asked) program_.reset();
  owes_done_ = asked && !answers.done();
  return asked;
}

Status LineHelper::TakeAnswers(HelperAnswers& answers, SteadyTime deadline, bool* heard) {
  bool may_be_late_done = owes_done_;
  while (!answers.complete()) {
    const SecretBytes line = TRY(ReadLine(deadline));
    if (may_be_late_done && IsDone(line)) {
      may_be_late_done = false;
      continue;
    }
    may_be_late_done = false;
    *heard = true;
    TRY(answers.Take(line.Expose()));
  }
  return Ok{};
}

/// Without its end. At the end of the output the last one needs none.
Result<SecretBytes> LineHelper::ReadLine(SteadyTime deadline) {
  SecretBuilder line(0, kMaxJsonBytes);
  size_t size = 0;
  const ByteSpan buffer = unread_.buffer.bytes();
  while (true) {
    const ByteView there = buffer.subspan(unread_.begin, unread_.end - unread_.begin);
    const auto end = std::ranges::find(there, std::byte{'\n'});
    line.Append(ByteView(there.begin(), end));
    size += static_cast<size_t>(end - there.begin());
    unread_.begin += static_cast<size_t>(end - there.begin());
    if (end != there.end()) {
      ++unread_.begin;
      return line.Finish();
    }
    if (size > kMaxJsonBytes) return line.Finish();  // fails
    unread_.begin = 0;
    unread_.end = TRY(program_->process().ReadToEnd(buffer, deadline));
    if (unread_.end == 0 && size > 0) return line.Finish();
    if (unread_.end == 0) return program_->WhyEnded("ended before it answered", deadline);
  }
}

void LineHelper::End() {
  const std::lock_guard lock(mutex_);
  program_.reset();
}

}  // namespace secretfs::remote
