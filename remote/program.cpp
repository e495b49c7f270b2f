#include "remote/program.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "base/trusted_file.h"

namespace secretfs::remote {
namespace {

constexpr auto kTimeToEnd = std::chrono::seconds(1);  // after it closed its output
constexpr size_t kMostWords = 200;                    // bytes of its last line in an error
constexpr size_t kMostSaid = 4096;

std::vector<std::string> Environment(const ProgramOptions& options) {
  std::map<std::string, std::string> all{{"HOME", "/"}, {"LC_ALL", "C.UTF-8"}};
  for (const auto& [name, value] : options.environment) all[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
  return lines;
}

ChildOptions ToStart(const ProgramOptions& options) {
  ChildOptions child;
  child.program = options.program;
  child.arguments = options.arguments;
  child.environment = Environment(options);
  child.secrets = options.secrets;
  return child;
}

/// Whoever wants the secrets is not to blame for that.
Error CannotRun(Error error) {
  if (error.code != Code::kResource) error.code = Code::kUnavailable;
  return error;
}

Result<std::unique_ptr<ChildProcess>> StartChecked(const std::string& program, ChildOptions child) {
  if (Status checked = CheckProgram(program); !checked) {
    if (checked.error().where.empty()) checked.error().where = program;
    return CannotRun(std::move(checked).error());
  }
  auto process = ChildProcess::Start(child);
  if (!process) return CannotRun(std::move(process).error());
  return process;
}

}  // namespace

Result<std::unique_ptr<Program>> Program::Start(const ProgramOptions& options) {
  std::unique_ptr<Program> program(new Program);
  program->name_ = options.program;
  ChildOptions child = ToStart(options);
  child.said = [self = program.get(), said = options.said](std::string_view line) {
    self->last_line_ = Printable(line.substr(0, kMostWords));
    if (said) said(Printable(line));
  };
  program->process_ = TRY(StartChecked(options.program, std::move(child)));
  return program;
}

Error Program::WhyEnded(std::string_view what, SteadyTime deadline) {
  std::string text(what);
  const auto now = std::chrono::steady_clock::now();
  const auto end = process_->Wait(std::min(deadline, now + kTimeToEnd));
  if (end && !end->Well()) text += " (" + end->Text() + ")";
  if (!last_line_.empty()) text += ": " + last_line_;
  return {Code::kUnavailable, std::move(text), name_, ""};
}

std::string ProgramOutput::LastLine() const {
  const size_t newline = said.rfind('\n');
  return said.substr(newline == std::string::npos ? 0 : newline + 1, kMostWords);
}

Result<ProgramOutput> RunProgram(const ProgramOptions& options, ByteView input, size_t limit,
                                 SteadyTime deadline, const std::stop_token& stop) {
  ProgramOutput output;
  ChildOptions child = ToStart(options);
  child.said = [&output, &options](std::string_view line) {
    const std::string text = Printable(line);
    if (output.said.size() + text.size() > kMostSaid) output.said.clear();
    output.said.append(output.said.empty() ? "" : "\n").append(text);
    if (options.said) options.said(text);
  };
  const auto process = TRY(StartChecked(options.program, std::move(child)));
  TRY(process->ObeyStop(stop));
  Status written = process->Write(input, deadline);
  if (!written && written.error().code != Code::kUnavailable) return std::move(written).error();
  process->CloseInput();
  output.output = TRY(process->ReadAllSecret(limit, deadline));
  output.end = TRY(process->Wait(deadline));
  return output;
}

}  // namespace secretfs::remote
