// A stop token that is stopped when either of two others is: the call's, and the store's own.
#pragma once

#include <stop_token>

namespace secretfs::remote {

class EitherStop {
 public:
  EitherStop(const std::stop_token& one, const std::stop_token& other)
      : of_one_(one, Stop{&source_}), of_other_(other, Stop{&source_}) {}
  EitherStop(const EitherStop&) = delete;
  EitherStop& operator=(const EitherStop&) = delete;
  ~EitherStop() = default;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  struct Stop {
    std::stop_source* source;
    void operator()() const { source->request_stop(); }
  };
  std::stop_source source_;  // outlives the callbacks
  std::stop_callback<Stop> of_one_;
  std::stop_callback<Stop> of_other_;
};

}  // namespace secretfs::remote
