#include "remote/vault_store.h"

#include <utility>

#include "base/text.h"
#include "remote/vault_answer.h"
#include "remote/vault_ref.h"

namespace secretfs::remote {
namespace {

class VaultStore final : public RemoteStore {
 public:
  VaultStore(VaultOptions options, std::unique_ptr<Http> http)
      : mount_(std::move(options.mount)),
        address_(std::move(options.address)),
        session_(std::move(options.login), address_, std::move(http), std::move(options.clock)) {}

  [[nodiscard]] Status CheckRef(const std::string& ref) const override {
    TRY(ParseVaultReference(ref));
    return Ok{};
  }

  [[nodiscard]] std::string DocumentOf(const std::string& ref) const override {
    const auto parsed = ParseVaultReference(ref);
    return parsed ? parsed->path : ref;
  }

  Result<Given> Fetch(const Wanted& wanted, Call& call) override {
    const std::string path = VaultUrlPath(mount_, "data", wanted.document);
    const HttpAnswer answer = TRY(session_.Get(path, call));
    return ReadVaultAnswer(answer, wanted, address_ + ": " + mount_ + "/" + wanted.document);
  }

  [[nodiscard]] std::vector<std::string> Files() const override { return session_.Files(); }

 private:
  const std::string mount_;
  const std::string address_;
  VaultSession session_;
};

Status CheckLogin(const VaultLogin& login) {
  const bool token = !login.token_file.empty();
  const bool role = !login.role_id.empty() || !login.role_id_file.empty();
  const Error wrong{Code::kInvalid, "", "", "give token_file, or role_id and secret_id_file"};
  const auto because = [&](const char* what) {
    Error error = wrong;
    error.what = what;
    return error;
  };
  if (!token && !role) return because("there is neither a token nor a role to log in with");
  if (token && (role || !login.secret_id_file.empty()))
    return because("there is a token, and a role to log in with as well");
  if (!login.role_id.empty() && !login.role_id_file.empty())
    return because("role_id and role_id_file are both given");
  return Ok{};
}

Status CheckMount(const std::string& what, const std::string& path) {
  const std::string problem = VaultPathProblem(path);
  if (problem.empty()) return Ok{};
  return Error{Code::kInvalid, what + " " + Quote(path) + " " + problem, "", ""};
}

}  // namespace

Result<RemoteStorePtr> MakeVaultStore(VaultOptions options) {
  auto http = TRY(MakeHttp({options.address, options.ca_file}));
  return MakeVaultStore(std::move(options), std::move(http));
}

Result<RemoteStorePtr> MakeVaultStore(VaultOptions options, std::unique_ptr<Http> http) {
  if (options.mount.empty()) options.mount = "secret";
  if (options.login.approle_mount.empty()) options.login.approle_mount = "approle";
  TRY(CheckLogin(options.login));
  TRY(CheckMount("mount", options.mount));
  TRY(CheckMount("approle_mount", options.login.approle_mount));
  return RemoteStorePtr(std::make_shared<VaultStore>(std::move(options), std::move(http)));
}

}  // namespace secretfs::remote
