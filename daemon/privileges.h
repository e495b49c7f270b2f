// What a daemon that runs without root's capabilities cannot do: said once, with the mend, since
// what follows from it (nobody gets in) would else be a riddle.
#pragma once

#include <vector>

#include "base/log.h"
#include "core/snapshot.h"

namespace secretfs {

/// Whether a rule of it is about programs (exe:).
bool AsksForPrograms(const Access& access);

/// Of what `files` and an audit, if there is one, need; `sees_programs` is
/// fs::SeesProgramsOfOthers().
std::vector<Error> MissingPrivileges(const std::vector<File>& files, bool audited,
                                     bool sees_programs);

/// The same as warnings.
void WarnOfMissingPrivileges(const std::vector<File>& files, bool audited, bool sees_programs,
                             Log& log);

}  // namespace secretfs
