library(algorithmia)

# The client speaks as whoever calls this algorithm: no key is needed here.
client <- getAlgorithmiaClient()

# What stands at this level runs once, when a sandbox starts: load your model here.

# Answer one call. `input` is what the caller sent: text, raw bytes, or a JSON value.
algorithm <- function(input) {
  paste("hello", input)
}
