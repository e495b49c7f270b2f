// Sandbox: what a process that serves may still do to files, by Landlock: read everything that its
// user may, write below a few folders, run programs of a few others. For a process that takes over
// a mount that others made; one that mounts must unmount too, which Landlock forbids. Best effort:
// older kernels know less of it, or nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace secretfs {

struct SandboxPlaces {
  std::vector<std::string> writable;  // folders, with all below them, or single files
  std::vector<std::string> programs;  // folders, with all below them
  std::vector<std::string> devices;   // what those programs may use
  int touched = -1;                   // a folder below which existing files may be opened to write
};

class Sandbox {
 public:
  /// Takes from this thread and those that it starts later, and from their programs, what `places`
  /// does not give; no program can gain privileges any more. A place that is not there is passed
  /// over. Errors: what the kernel has against it, but not that it has no Landlock.
  static Result<Sandbox> Enter(SandboxPlaces places);

  /// Of Landlock; 0 when the kernel has none, and everything is as before.
  [[nodiscard]] int version() const noexcept { return version_; }
  /// What follows is settled by Enter(), so it is an error to want more later; with a hint.
  [[nodiscard]] Status MayWrite(const std::string& path) const;
  [[nodiscard]] Status MayRunFrom(const std::string& folder) const;

 private:
  Sandbox(SandboxPlaces places, int version) noexcept;

  SandboxPlaces places_;
  int version_;
};

/// No program that is started gains privileges, whatever its mode bits say.
bool ForbidNewPrivileges() noexcept;

/// Where programs are that others need to run: interpreters and the loader; and, of `/dev`, what
/// holds the keys of plugins (TPM and FIDO2).
std::vector<std::string> SystemPrograms();
std::vector<std::string> KeyDevices();

}  // namespace secretfs
