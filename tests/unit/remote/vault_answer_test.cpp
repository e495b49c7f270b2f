#include "remote/vault_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace secretfs::remote {
namespace {

using testing::HasSubstr;

constexpr const char* kFields =
    R"({"password": "s3cret", "port": 5432, "on": true, "list": [1, {"a": "b"}], "none": null})";

std::string Body(const std::string& fields, int version = 3) {
  return R"({"request_id": "1", "data": {"data": )" + fields +
         R"(, "metadata": {"created_time": "2026-11-21T04:00:00Z", "deletion_time": "",
            "destroyed": false, "version": )" +
         std::to_string(version) + "}}}";
}

Result<Given> Read(int status, const std::string& body, std::vector<std::string> refs = {"p#x"},
                   const std::string& version = "") {
  HttpAnswer answer;
  answer.status = status;
  answer.body = SecretBytes::CopyOf(AsBytes(body)).value();
  return ReadVaultAnswer(answer, {"p", std::move(refs), version}, "https://v: secret/p");
}

std::string Complaint(int status, const std::string& body) {
  const auto given = Read(status, body);
  return given ? "given" : given.error().Text();
}

/// The value, or what is wrong.
std::string One(const std::string& ref, const std::string& fields = kFields) {
  const auto given = Read(200, Body(fields), {ref});
  if (!given) return given.error().Text();
  const auto& value = given->secrets.at(0).value;
  return value ? std::string(AsText(value->Expose())) : value.error().what;
}

TEST(VaultAnswer, GivesEachFieldByItself) {
  const auto given = Read(200, Body(kFields), {"p#password", "p#nothing", "p#port"});
  ASSERT_TRUE(given) << given.error().Text();
  ASSERT_EQ(given->secrets.size(), 3U);
  EXPECT_EQ(AsText(given->secrets[0].value->Expose()), "s3cret");
  EXPECT_EQ(given->secrets[1].value.error().code, Code::kNotFound);
  EXPECT_EQ(AsText(given->secrets[2].value->Expose()), "5432");
}

TEST(VaultAnswer, GivesOtherValuesThanTextsAsJson) {
  EXPECT_EQ(One("p#on"), "true");
  EXPECT_EQ(One("p#list"), R"([1,{"a":"b"}])");
  EXPECT_EQ(One("p#none"), "the field 'none' is null");
}

TEST(VaultAnswer, WithoutAFieldIsTheOnlyOne) {
  EXPECT_EQ(One("p", R"({"value": "x"})"), "x");
  EXPECT_EQ(One("p"), "which field? there are several: list, none, on, password, port");
  EXPECT_EQ(One("p", "{}"), "there are no fields");
  EXPECT_EQ(One("p#passwort"), "there is no field 'passwort'");
}

TEST(VaultAnswer, OfTheVersionThatWeHaveIsUnchanged) {
  const auto first = Read(200, Body(kFields, 3));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->unchanged);
  EXPECT_EQ(first->version, "3 of 2026-11-21T04:00:00Z");
  EXPECT_TRUE(Read(200, Body(kFields, 3), {"p#x"}, first->version)->unchanged);
  EXPECT_FALSE(Read(200, Body(kFields, 4), {"p#x"}, first->version)->unchanged);
  EXPECT_FALSE(Read(200, R"({"data": {"data": {}}})", {"p#x"}, "")->unchanged);
}

TEST(VaultAnswer, SaysHowASecretWent) {
  const auto gone = [](const std::string& rest) {
    return Complaint(404, R"({"data": {"data": null, "metadata": {"version": 2, )" + rest + "}}}");
  };
  EXPECT_EQ(gone(R"("deletion_time": "2026-11-21T04:35:00Z", "destroyed": false)"),
            "https://v: secret/p: version 2 was deleted at 2026-11-21T04:35:00Z");
  EXPECT_EQ(gone(R"("deletion_time": "", "destroyed": true)"),
            "https://v: secret/p: version 2 was destroyed");
  EXPECT_EQ(Complaint(404, R"({"errors": []})"), "https://v: secret/p: there is no secret");
  EXPECT_EQ(Complaint(404, R"({"errors": [], "warnings": ["Invalid path"]})"),
            "https://v: secret/p: there is no secret: 'Invalid path'");
  EXPECT_EQ(Complaint(404, R"({"errors": ["no handler for route"]})"),
            "https://v: secret/p: the server answers 404: no handler for route");
}

TEST(VaultAnswer, ClassesWhatTheServerSays) {
  const auto code = [](int status) { return Read(status, "{}").error().code; };
  EXPECT_EQ(code(400), Code::kInvalid);
  EXPECT_EQ(code(403), Code::kPermission);
  EXPECT_EQ(code(404), Code::kNotFound);
  EXPECT_EQ(code(429), Code::kLimited);
  for (const int status : {472, 473, 500, 502, 503}) EXPECT_EQ(code(status), Code::kUnavailable);
  EXPECT_EQ(Complaint(503, R"({"errors": ["Vault is sealed"]})"),
            "https://v: secret/p: the server answers 503: Vault is sealed");
  EXPECT_EQ(Complaint(500, "{\"errors\": [\"1 error occurred:\\n\\t* no\\n\\n\"]}"),
            "https://v: secret/p: the server answers 500: 1 error occurred: * no");
}

TEST(VaultAnswer, OfAnotherKindOfStoreIsNone) {
  EXPECT_THAT(Complaint(200, R"({"data": {"password": "x"}})"), HasSubstr("KV store of version 2"));
  EXPECT_THAT(Complaint(200, "[]"), HasSubstr("KV store of version 2"));
  EXPECT_THAT(Complaint(200, "<html>"), HasSubstr("not JSON"));
}

}  // namespace
}  // namespace secretfs::remote
