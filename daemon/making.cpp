#include "daemon/making.h"

#include <exception>
#include <new>
#include <utility>

#include "base/text.h"
#include "crypto/fingerprint.h"
#include "daemon/part_reader.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kLongestFetch{60};

std::string LargerThanLimit() {
  return "larger than " + std::to_string(kMaxValueBytes >> 20U) + " MiB";
}

void LogNote(Log& log, const Entry& entry, const Note& note) {
  const std::initializer_list<Field> fields{{"name", entry.name()}, {"reason", note.text}};
  note.by_design ? log.Info("left_out", fields) : log.Warning("left_out", fields);
}

/// One making, with that of its inputs.
class Maker {
 public:
  Maker(const Clock& clock, Log& log, const std::stop_token& stop, Verify verify, Tried* tried,
        ByteView key)
      : clock_(clock), log_(log), stop_(stop), verify_(verify), tried_(tried), key_(key) {}

  Result<ValuePtr> Make(const EntryPtr& entry, bool anew) {
    const auto lock = entry->LockMaking();
    if (!anew) {
      if (auto known = Known(*entry, clock_)) return *std::move(known);
    }
    auto made = Compute(*entry);
    if (tried_ != nullptr && !entry->spec().fresh) tried_->push_back(entry);
    if (!made) {
      NoteFailure(*entry, made.error(), clock_, log_);
      if (ValuePtr old = entry->value()) return old;
      return std::move(made).error();
    }
    const bool recovered = entry->GetReport().error.has_value();
    if (made->unchanged) return Confirm(*entry, recovered);
    for (const Note& note : made->notes) LogNote(log_, *entry, note);
    if (entry->spec().fresh) return ValuePtr(std::make_shared<const Value>(std::move(*made)));
    Mark(*made);
    ValuePtr value = entry->Publish(std::move(*made), clock_.Steady(), clock_.Wall());
    if (recovered) TellRecovered(*entry);
    return value;
  }

 private:
  Result<ValuePtr> Confirm(Entry& entry, bool recovered) {
    ValuePtr value = entry.value();
    if (!value) {
      const Error error{Code::kUnavailable, "nothing changed, but there was nothing", "", ""};
      NoteFailure(entry, error, clock_, log_);
      return error;
    }
    entry.Confirm(clock_.Steady());
    if (recovered) TellRecovered(entry);
    return value;
  }

  void TellRecovered(const Entry& entry) {
    log_.Info("secret_recovered", {{"name", entry.name()}});
  }

  Result<Value> Compute(const Entry& entry) {
    std::vector<ValuePtr> inputs;
    for (const EntryPtr& input : entry.spec().inputs) inputs.push_back(TRY(MakeInput(input)));
    try {
      Value value = TRY(entry.spec().make(inputs, clock_.Steady() + kLongestFetch, stop_));
      if (value.bytes.size() > kMaxValueBytes) {
        return Error{Code::kTooLarge, LargerThanLimit(), "", ""};
      }
      if (value.content && verify_ == Verify::kWhole) TRY(VerifyContent(*value.content, stop_));
      return value;
    } catch (const std::bad_alloc&) {
      return Error{Code::kResource, "ran out of memory", "", "", true};
    } catch (const std::exception&) {  // its text may quote input
      return Error{Code::kResource, "ran out of memory", "", ""};
    }
  }

  /// One that cannot be told from others gets no fingerprint.
  void Mark(Value& value) const {
    if (key_.empty() || !value.tokens.empty() || !value.fetched.empty()) return;
    if (!value.content) {
      value.fingerprint =
          crypto::MakeFingerprint(key_, crypto::FingerprintOf::kValue, value.bytes.Expose());
    } else if (const auto identity = value.content->Identify(); identity && !identity->empty()) {
      value.fingerprint = crypto::MakeFingerprint(key_, crypto::FingerprintOf::kSource, *identity);
    }
  }

  /// A remote one that is there is not waited for while a newer one is being fetched.
  Result<ValuePtr> MakeInput(const EntryPtr& input) {
    ValuePtr there = input->spec().remote ? input->value() : nullptr;
    auto value = there ? Result<ValuePtr>(std::move(there)) : Make(input, false);
    if (!value) {
      Error error = std::move(value).error();
      error.what = NeedsFailed(input->name(), error);
      error.where.clear();
      return error;
    }
    if ((*value)->content) {
      return Error{Code::kTooLarge,
                   "needs " + Quote(input->name()) + ", which is " + LargerThanLimit() +
                       ", the most that a view takes",
                   "", ""};
    }
    return value;
  }

  const Clock& clock_;
  Log& log_;
  const std::stop_token& stop_;
  const Verify verify_;
  Tried* const tried_;
  const ByteView key_;
};

}  // namespace

std::optional<Result<ValuePtr>> Known(const Entry& entry, const Clock& clock) {
  if (entry.spec().fresh) return std::nullopt;
  if (ValuePtr value = entry.value(); value && !value->content) {
    return Result<ValuePtr>(std::move(value));
  }
  const Entry::Report report = entry.GetReport();
  if (report.error && clock.Steady() - report.tried >= kKeepFailure) return std::nullopt;
  if (report.value) return Result<ValuePtr>(report.value);
  if (report.error) return Result<ValuePtr>(*report.error);
  return std::nullopt;
}

Result<ValuePtr> MakeNow(const EntryPtr& entry, const Clock& clock, Log& log,
                         const std::stop_token& stop, Verify verify, Tried* tried, ByteView key) {
  return Maker(clock, log, stop, verify, tried, key).Make(entry, false);
}

Result<ValuePtr> MakeAnew(const EntryPtr& entry, const Clock& clock, Log& log,
                          const std::stop_token& stop, Tried* tried, ByteView key) {
  return Maker(clock, log, stop, Verify::kByPart, tried, key).Make(entry, true);
}

void NoteFailure(Entry& entry, const Error& error, const Clock& clock, Log& log) {
  const auto before = entry.GetReport().error;
  if (!before || before->Text() != error.Text()) {
    log.Warning("secret_failed",
                {{"name", entry.name()}, {"reason", error.Text()}, {"hint", error.hint}});
  }
  entry.Fail(error, clock.Steady());
}

}  // namespace secretfs
