#include "remote/exec_store.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "remote/either_stop.h"
#include "remote/line_helper.h"

namespace secretfs::remote {
namespace {

constexpr size_t kMostRefBytes = 4096;

ProgramOptions ProgramOf(const ExecOptions& options) {
  ProgramOptions program;
  program.program = options.command.front();
  program.arguments.assign(options.command.begin() + 1, options.command.end());
  program.environment = options.environment;
  program.said = options.said;
  return program;
}

/// What ended the answers counts for those that have none; if none has one it is the source's.
Result<Given> Gathered(Status asked, HelperAnswers answers, const std::string& program) {
  Error missing{Code::kUnavailable, "the helper did not answer this reference", program, ""};
  if (!asked) missing = std::move(asked).error();
  if (missing.where.empty()) missing.where = program;
  if (missing.code == Code::kInterrupted || !answers.any()) return missing;
  Given given;
  given.secrets = std::move(answers).Finish(missing);
  return given;
}

/// A program that fails says nothing about other secrets, unless its exit code does (sysexits.h).
Error RawError(const ProgramOutput& output, const std::string& program) {
  constexpr int kUnavailable = 69;
  constexpr int kTryLater = 75;
  constexpr int kNoPermission = 77;
  Code code = Code::kNotFound;
  const bool later = output.end.code == kUnavailable || output.end.code == kTryLater;
  if (output.end.signal != 0 || later) code = Code::kUnavailable;
  if (output.end.code == kNoPermission) code = Code::kPermission;
  std::string what = "failed (" + output.end.Text() + ")";
  if (!output.said.empty()) what += ": " + output.LastLine();
  return {code, std::move(what), program, ""};
}

/// One document with all of them: a request.
class HelperStore final : public RemoteStore {
 public:
  explicit HelperStore(const ExecOptions& options)
      : program_(options.command.front()),
        helper_(ProgramOf(options), options.protocol == ExecProtocol::kLines
                                        ? LineHelper::Life::kLasting
                                        : LineHelper::Life::kOnce) {}

  [[nodiscard]] Status CheckRef(const std::string& ref) const override {
    if (ref.empty()) return Error{Code::kInvalid, "the reference is empty", "", ""};
    if (ref.size() > kMostRefBytes)
      return Error{Code::kInvalid, "the reference is too long", "", ""};
    return Ok{};
  }
  [[nodiscard]] std::string DocumentOf(const std::string& /*ref*/) const override { return "all"; }

  Result<Given> Fetch(const Wanted& wanted, Call& call) override {
    const EitherStop stop(call.stop(), stopped_.get_token());
    HelperAnswers answers(wanted.refs);
    TRY(call.Spend(1));
    const std::string request = HelperRequest(wanted.refs);
    Status asked = helper_.Ask(AsBytes(request), answers, call.deadline(), stop.token());
    return Gathered(std::move(asked), std::move(answers), program_);
  }

  void Stop() override {
    stopped_.request_stop();
    helper_.End();
  }

 private:
  const std::string program_;
  std::stop_source stopped_;
  LineHelper helper_;
};

/// A document for each, since each takes a program of its own.
class RawStore final : public RemoteStore {
 public:
  explicit RawStore(const ExecOptions& options) : program_(ProgramOf(options)) {}

  [[nodiscard]] Status CheckRef(const std::string& ref) const override {
    if (ref.empty()) return Error{Code::kInvalid, "the reference is empty", "", ""};
    if (ref.size() > kMostRefBytes)
      return Error{Code::kInvalid, "the reference is too long", "", ""};
    if (ref.starts_with('-') || ref.find('\0') != std::string::npos) {
      return Error{Code::kInvalid, "the program would take the reference for an option", "",
                   "references of `protocol: raw` do not begin with '-'"};
    }
    return Ok{};
  }
  [[nodiscard]] std::string DocumentOf(const std::string& ref) const override { return ref; }

  Result<Given> Fetch(const Wanted& wanted, Call& call) override {
    const EitherStop stop(call.stop(), stopped_.get_token());
    TRY(call.Spend(1));
    ProgramOptions program = program_;
    program.arguments.push_back(wanted.document);
    ProgramOutput output =
        TRY(RunProgram(program, {}, kMaxValueBytes, call.deadline(), stop.token()));
    if (!output.end.Well()) return RawError(output, program.program);
    Given given;
    given.secrets.push_back({wanted.document, std::move(output.output)});
    return given;
  }

  void Stop() override { stopped_.request_stop(); }

 private:
  const ProgramOptions program_;
  std::stop_source stopped_;
};

}  // namespace

Result<RemoteStorePtr> MakeExecStore(ExecOptions options) {
  if (options.command.empty() || !options.command.front().starts_with('/')) {
    return Error{Code::kInvalid, "`exec` needs the absolute path of a program", "",
                 "exec: [/usr/local/bin/helper, ARGUMENT]"};
  }
  for (const auto& [name, value] : options.environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return Error{Code::kInvalid, "is no name of an environment variable", Quote(name), ""};
    }
  }
  if (options.protocol == ExecProtocol::kRaw)
    return RemoteStorePtr(std::make_shared<RawStore>(options));
  return RemoteStorePtr(std::make_shared<HelperStore>(options));
}

}  // namespace secretfs::remote
