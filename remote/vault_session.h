// How a KV store of Vault or OpenBao is asked: with a token out of a file, or with one that is had
// by AppRole. Its lease is renewed at the first request after two thirds of it; a token that ended
// or was refused is had anew, once. Tokens and ids are in secret memory only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "remote/http.h"
#include "remote/secret_json.h"

namespace secretfs::remote {

struct VaultLogin {
  std::string token_file{};       // absolute; or
  std::string role_id{};          // of AppRole, which is no secret, or
  std::string role_id_file{};     // a file that has it
  std::string secret_id_file{};   // of AppRole; "": the role needs none
  std::string approle_mount{};    // "approle"
  std::string vault_namespace{};  // X-Vault-Namespace, or ""
};

/// Thread-safe: who needs a token while another one fetches it waits for that.
class VaultSession {
 public:
  VaultSession(VaultLogin login, std::string server, std::unique_ptr<Http> http,
               std::shared_ptr<const Clock> clock)
      : login_(std::move(login)),
        server_(std::move(server)),
        http_(std::move(http)),
        clock_(std::move(clock)) {}

  /// The answer to a GET, whatever its status, but for a refusal. Errors: those of Http::Send;
  /// kRefused when no token is had that is taken; kPermission when the token is good, but not for
  /// this; others of VaultError.
  Result<HttpAnswer> Get(const std::string& path, Call& call);

  /// Those whose change may give a better token.
  [[nodiscard]] std::vector<std::string> Files() const;

 private:
  struct Lease {
    SecretPtr token;
    SteadyTime begin{};
    std::chrono::seconds length{0};  // 0: not known, or without an end
    bool renewable = false;
  };
  using Fetcher = std::function<Result<Lease>()>;
  Result<Lease> InTurn(Call& call, const Fetcher& fetch);
  Result<Lease> Current(Call& call);
  Result<Lease> Better(const Lease& refused, const HttpAnswer& refusal, Call& call);
  Result<Lease> OfFile(Call& call);
  Result<Lease> Renewed(const Lease& lease, Call& call);
  Result<Lease> LoggedIn(Call& call);
  Result<SecretBytes> Credentials() const;
  Result<HttpAnswer> LookUp(const SecretBytes& token, Call& call);
  Result<HttpAnswer> Ask(const std::string& method, const std::string& path,
                         const SecretBytes* token, ByteView body, Call& call);
  [[nodiscard]] Error Denied(const HttpAnswer& refusal) const;
  [[nodiscard]] Error Refused(const std::string& what) const;
  [[nodiscard]] SteadyTime EndOf(const Lease& lease) const;
  [[nodiscard]] bool IsDue(const Lease& lease) const;

  const VaultLogin login_;
  const std::string server_;
  const std::unique_ptr<Http> http_;
  const std::shared_ptr<const Clock> clock_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any freed_;
  bool taken_ = false;  // somebody fetches a token
  std::optional<Lease> lease_;
};

/// What an answer that is no success means, in Vault's words on one line.
Error VaultError(const HttpAnswer& answer, const std::string& server);

}  // namespace secretfs::remote
