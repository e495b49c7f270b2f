#include "providers/key_file.h"

#include "base/text.h"

namespace secretfs {

Result<std::string> PathOf(const KeyFile& file, const std::string& credentials_directory) {
  if (file.credential.empty()) return file.path;
  if (!credentials_directory.empty()) return credentials_directory + "/" + file.credential;
  return Error{Code::kNotFound,
               "systemd gave no credentials, so not " + Quote(file.credential) + " either",
               file.place.Text(), "add LoadCredential=" + file.credential + ":PATH to the unit"};
}

}  // namespace secretfs
