#include "cli/config_option.h"

#include <CLI/CLI.hpp>

#include "cli/ui.h"

namespace secretfs {

void AddConfigOption(CLI::App& app, std::string& file) {
  app.add_option("CONFIG", file, "the configuration; config.d/*.yaml beside it belongs to it")
      ->capture_default_str();
}

bool IsOfConfig(const Error& error) {
  return error.code == Code::kInvalid || error.code == Code::kNotFound ||
         error.code == Code::kTooLarge;
}

ExitCode FailOnConfig(const Error& error) {
  return IsOfConfig(error) ? ui::Fail(error, ExitCode::kConfigInvalid) : ui::Fail(error);
}

}  // namespace secretfs
