// `secretfs status`: what a mounted secretfs says of its secrets, from .secretfs/status.json.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;

struct Options {
  std::string mount_point = DefaultMountPoint();
  bool json = false;
};

std::string Field(const Json& secret, const char* key) {
  const auto at = secret.find(key);
  if (at == secret.end()) return "-";
  return at->is_string() ? Printable(at->get<std::string>()) : at->dump();
}

std::string Remarks(const Json& secret) {
  std::string remarks = secret.contains("reason") ? Field(secret, "reason") : "";
  if (secret.contains("hint")) remarks += " (" + Field(secret, "hint") + ")";
  if (secret.contains("left_out"))
    remarks = "left out: " + Join(secret["left_out"].get<std::vector<std::string>>(), "; ");
  return Printable(remarks);
}

void PrintTable(const Json& status) {
  std::vector<std::vector<std::string>> rows{
      {"SECRET", "STATE", "FROM", "VERSION", "CHANGED", "REMARKS"}};
  for (const Json& secret : status.at("secrets")) {
    rows.push_back({Field(secret, "name"), Field(secret, "state"), Field(secret, "origin"),
                    Field(secret, "version"), Field(secret, "changed"), Remarks(secret)});
  }
  std::fputs(FormatTable(rows).c_str(), stdout);
  for (const Json& problem : status.at("identity_problems")) {
    ui::Warn(problem.at("reason").get<std::string>(), problem.value("hint", ""));
  }
}

ExitCode Verdict(const Json& status) {
  const Json& secrets = status.at("secrets");
  const bool failed = std::any_of(secrets.begin(), secrets.end(), [](const Json& secret) {
    const Json& state = secret.at("state");  // pending with a reason: it was tried
    return state == "failed" || (state == "pending" && secret.contains("reason"));
  });
  return failed ? ExitCode::kSomeSecretsFailed : ExitCode::kDone;
}

ExitCode Run(const Options& options) {
  constexpr size_t kLimit = size_t{64} << 20U;
  const auto content = ReadFile(options.mount_point + "/.secretfs/status.json", kLimit);
  if (!content && content.error().code == Code::kPermission) {
    return ui::Fail({Code::kPermission, "only root may see the status", options.mount_point,
                     "run it with sudo"});
  }
  if (!content) {
    return ui::Fail({Code::kNotFound, "no secretfs is mounted here", options.mount_point,
                     "start it: systemctl start secretfs, or secretfs mount"},
                    ExitCode::kNotMounted);
  }
  const Json status = Json::parse(AsText(*content), nullptr, false);
  if (status.is_discarded())
    return ui::Fail(
        {Code::kInvalid, "is not JSON", options.mount_point + "/.secretfs/status.json", ""});
  if (options.json) std::fwrite(content->data(), 1, content->size(), stdout);
  try {
    if (!options.json) PrintTable(status);
    return Verdict(status);
  } catch (const Json::exception&) {
    return ui::Fail({Code::kInvalid, "is the status of another version of secretfs",
                     options.mount_point, "try --json"});
  }
}

}  // namespace

Command StatusCommand() {
  return {"status", "show the state of every secret of a mounted secretfs", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.add_option("MOUNTPOINT", options->mount_point, "where it is mounted")
                ->capture_default_str();
            app.add_flag("--json", options->json, "print JSON instead of a table");
            return [options] { return Run(*options); };
          }};
}

}  // namespace secretfs
