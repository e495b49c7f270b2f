// One call of a remote store, with a budget that a test sets.
#pragma once

#include <chrono>
#include <stop_token>

#include "remote/store.h"

namespace secretfs::testkit {

class FakeCall final : public remote::Call {
 public:
  FakeCall() = default;
  explicit FakeCall(std::chrono::milliseconds time, std::stop_token stop = {})
      : deadline_(std::chrono::steady_clock::now() + time), stop_(std::move(stop)) {}

  [[nodiscard]] SteadyTime deadline() const noexcept override { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept override { return stop_; }
  Status Spend(unsigned requests) override {
    if (requests > left) return Error{Code::kLimited, "today's requests are used up", "", ""};
    left -= requests;
    spent += requests;
    return Ok{};
  }

  unsigned left = 1000;
  unsigned spent = 0;

 private:
  const SteadyTime deadline_ = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const std::stop_token stop_;
};

}  // namespace secretfs::testkit
