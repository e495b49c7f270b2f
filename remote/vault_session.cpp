#include "remote/vault_session.h"

#include <algorithm>
#include <exception>

#include "remote/token_file.h"
#include "remote/vault_ref.h"

namespace secretfs::remote {
namespace {

constexpr const char* kTokenHeader = "X-Vault-Token";
constexpr const char* kLookUp = "/v1/auth/token/lookup-self";
constexpr const char* kRenew = "/v1/auth/token/renew-self";
constexpr int64_t kLongestLease = int64_t{10} * 365 * 86'400;
constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kDisasterStandby = 472;
constexpr int kReadStandby = 473;

bool IsRefusal(const HttpAnswer& answer) { return answer.status == 401 || answer.status == 403; }

/// Since 1.13 Vault tells a token that it does not know from one that may not do this.
bool SaysBadToken(const HttpAnswer& answer, const std::string& server) {
  const std::string what = VaultError(answer, server).what;
  return what.find("invalid token") != what.npos || what.find("bad token") != what.npos;
}

std::chrono::seconds SecondsAt(const SecretJson& terms, std::string_view name) {
  const SecretJson* member = FindMember(terms, name);
  if (member == nullptr || !member->is_number_integer()) return std::chrono::seconds(0);
  return std::chrono::seconds(std::clamp<int64_t>(member->get<int64_t>(), 0, kLongestLease));
}

bool FlagAt(const SecretJson& terms, std::string_view name) {
  const SecretJson* member = FindMember(terms, name);
  return member != nullptr && member->is_boolean() && member->get<bool>();
}

Result<SecretPtr> Shared(Result<SecretBytes> token) {
  SecretBytes bytes = TRY(std::move(token));
  return SecretPtr(std::make_shared<const SecretBytes>(std::move(bytes)));
}

void Replace(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

Error VaultError(const HttpAnswer& answer, const std::string& server) {
  Error error = HttpError(answer, server);
  // Vault makes a list of them: "1 error occurred:\n\t* permission denied\n\n".
  Replace(error.what, "\\x0a", " ");
  Replace(error.what, "\\x09", " ");
  Replace(error.what, "  ", " ");
  while (error.what.ends_with(' ')) error.what.pop_back();
  if (answer.status == kDisasterStandby || answer.status == kReadStandby) {
    error.code = Code::kUnavailable;
    error.hint = "this is a standby; 'address' should lead to the active server";
  }
  return error;
}

Result<HttpAnswer> VaultSession::Get(const std::string& path, Call& call) {
  const Lease lease = TRY(InTurn(call, [&] { return Current(call); }));
  HttpAnswer answer = TRY(Ask("GET", path, lease.token.get(), {}, call));
  if (!IsRefusal(answer)) return answer;
  const Lease better = TRY(InTurn(call, [&] { return Better(lease, answer, call); }));
  answer = TRY(Ask("GET", path, better.token.get(), {}, call));
  if (!IsRefusal(answer)) return answer;
  return Denied(answer);
}

std::vector<std::string> VaultSession::Files() const {
  std::vector<std::string> files;
  for (const std::string* file :
       {&login_.token_file, &login_.role_id_file, &login_.secret_id_file}) {
    if (!file->empty()) files.push_back(*file);
  }
  return files;
}

/// One at a time, or each of several documents would log in for itself.
Result<VaultSession::Lease> VaultSession::InTurn(Call& call, const Fetcher& fetch) {
  {
    std::unique_lock lock(mutex_);
    const bool mine =
        freed_.wait_until(lock, call.stop(), call.deadline(), [this] { return !taken_; });
    if (!mine && call.stop().stop_requested())
      return Error{Code::kInterrupted, "the request was stopped", server_, ""};
    if (!mine) return Error{Code::kTimeout, "no token was had in time", server_, ""};
    taken_ = true;
  }
  auto lease = fetch();
  {
    const std::lock_guard lock(mutex_);
    if (lease) lease_ = *lease;
    taken_ = false;
  }
  freed_.notify_one();
  return lease;
}

/// In turn.
Result<VaultSession::Lease> VaultSession::Current(Call& call) {
  const bool of_file = !login_.token_file.empty();
  Lease lease;
  if (of_file) {
    lease = TRY(OfFile(call));
  } else if (!lease_ || clock_->Steady() >= EndOf(*lease_)) {
    return LoggedIn(call);
  } else {
    lease = *lease_;
  }
  if (!IsDue(lease)) return lease;
  auto next = lease.renewable ? Renewed(lease, call) : LoggedIn(call);
  const bool refused = !next && next.error().code == Code::kRefused && lease.renewable;
  if (refused && of_file) lease.renewable = false;
  if (refused && !of_file) next = LoggedIn(call);
  // What we have is good for a third of its time yet; if it is not, its refusal says so.
  return next ? next : lease;
}

/// In turn. Another request may have had a better one meanwhile.
Result<VaultSession::Lease> VaultSession::Better(const Lease& refused, const HttpAnswer& refusal,
                                                 Call& call) {
  if (lease_ && lease_->token != refused.token) return *lease_;
  if (!login_.token_file.empty()) {
    Lease now = TRY(OfFile(call));
    if (now.token != refused.token) return now;
  }
  if (!SaysBadToken(refusal, server_)) {
    // Older servers say the same of a token that they do not know and of one that may not do this.
    const HttpAnswer known = TRY(LookUp(*refused.token, call));
    if (known.status == kOk) return Denied(refusal);
    if (!IsRefusal(known)) return VaultError(known, server_);
  }
  if (!login_.token_file.empty()) return Refused(VaultError(refusal, server_).what);
  return LoggedIn(call);
}

/// In turn. The file is read each time, and the server asked once how long that token lasts.
Result<VaultSession::Lease> VaultSession::OfFile(Call& call) {
  Lease lease;
  lease.token = TRY(Shared(ReadToken(login_.token_file)));
  if (lease_ && ConstantTimeEqual(lease_->token->Expose(), lease.token->Expose())) return *lease_;
  lease.begin = clock_->Steady();
  const HttpAnswer answer = TRY(LookUp(*lease.token, call));
  if (IsRefusal(answer)) return lease;  // it may be good all the same, without this right
  if (answer.status != kOk) return VaultError(answer, server_);
  const SecretJson json = TRY(ParseSecretJson(answer.body.Expose(), server_));
  const SecretJson& data = *TRY(ObjectAt(json, "data"));
  lease.length = SecondsAt(data, "ttl");
  lease.renewable = FlagAt(data, "renewable");
  return lease;
}

Result<VaultSession::Lease> VaultSession::Renewed(const Lease& lease, Call& call) {
  Lease next = lease;
  next.begin = clock_->Steady();
  const HttpAnswer answer = TRY(Ask("POST", kRenew, lease.token.get(), AsBytes("{}"), call));
  if (IsRefusal(answer) || answer.status == kBadRequest)
    return Refused(VaultError(answer, server_).what);
  if (answer.status != kOk) return VaultError(answer, server_);
  const SecretJson json = TRY(ParseSecretJson(answer.body.Expose(), server_));
  const SecretJson& auth = *TRY(ObjectAt(json, "auth"));
  next.length = SecondsAt(auth, "lease_duration");
  next.renewable = FlagAt(auth, "renewable");
  return next;
}

Result<VaultSession::Lease> VaultSession::LoggedIn(Call& call) {
  Lease lease;
  lease.begin = clock_->Steady();
  const SecretBytes credentials = TRY(Credentials());
  const std::string path = VaultUrlPath("auth", login_.approle_mount, "login");
  const HttpAnswer answer = TRY(Ask("POST", path, nullptr, credentials.Expose(), call));
  if (IsRefusal(answer) || answer.status == kBadRequest)
    return Refused(VaultError(answer, server_).what);
  if (answer.status != kOk) return VaultError(answer, server_);
  const SecretJson json = TRY(ParseSecretJson(answer.body.Expose(), server_));
  const SecretJson& auth = *TRY(ObjectAt(json, "auth"));
  lease.token = TRY(Shared(SecretBytes::CopyOf(AsBytes(TRY(TextAt(auth, "client_token"))))));
  lease.length = SecondsAt(auth, "lease_duration");
  lease.renewable = FlagAt(auth, "renewable");
  return lease;
}

/// The body of a login.
Result<SecretBytes> VaultSession::Credentials() const {
  SecretBytes role;
  if (!login_.role_id_file.empty()) role = TRY(ReadToken(login_.role_id_file));
  SecretBytes secret;
  if (!login_.secret_id_file.empty()) secret = TRY(ReadToken(login_.secret_id_file));
  const auto text = [](std::string_view bytes) { return SecretString(bytes); };
  try {
    SecretJson body = SecretJson::object();
    body["role_id"] = text(role.empty() ? login_.role_id : AsText(role.Expose()));
    if (!secret.empty()) body["secret_id"] = text(AsText(secret.Expose()));
    return JsonText(body);
  } catch (const std::exception&) {
    return Error{Code::kResource, "no memory for a login", server_, ""};
  }
}

Result<HttpAnswer> VaultSession::LookUp(const SecretBytes& token, Call& call) {
  return Ask("GET", kLookUp, &token, {}, call);
}

Result<HttpAnswer> VaultSession::Ask(const std::string& method, const std::string& path,
                                     const SecretBytes* token, ByteView body, Call& call) {
  HttpRequest request;
  request.method = method;
  request.path = path;
  request.body = body;
  // An agent that stands between may insist on this one.
  request.headers.push_back({"X-Vault-Request", AsBytes("true")});
  if (token != nullptr) request.headers.push_back({kTokenHeader, token->Expose()});
  if (!login_.vault_namespace.empty())
    request.headers.push_back({"X-Vault-Namespace", AsBytes(login_.vault_namespace)});
  return http_->Send(request, call);
}

Error VaultSession::Denied(const HttpAnswer& refusal) const {
  Error error = VaultError(refusal, server_);
  error.code = Code::kPermission;
  error.hint = "the token is good; do its policies allow to read this path?";
  return error;
}

Error VaultSession::Refused(const std::string& what) const {
  const bool of_file = !login_.token_file.empty();
  const std::string& file = of_file ? login_.token_file : login_.secret_id_file;
  const std::string hint =
      of_file ? "put another token into " + file
              : "are role_id and secret_id right, and not used up? another secret_id goes into " +
                    (file.empty() ? "a file, secret_id_file" : file);
  return {Code::kRefused, (of_file ? "the token is refused: " : "the login is refused: ") + what,
          server_, hint};
}

SteadyTime VaultSession::EndOf(const Lease& lease) const {
  return lease.length.count() == 0 ? SteadyTime::max() : lease.begin + lease.length;
}

bool VaultSession::IsDue(const Lease& lease) const {
  const bool ends = lease.length.count() != 0 && (lease.renewable || login_.token_file.empty());
  return ends && clock_->Steady() >= lease.begin + lease.length * 2 / 3;
}

}  // namespace secretfs::remote
