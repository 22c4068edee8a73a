# The author's side of ../piping.py in R: source one file, then answer one call after another.
#
# Arguments: CONTRACT FILE TREE READ_DESCRIPTOR WRITE_DESCRIPTOR. As in Algorithmia's language pack the
# file defines `algorithm <- function(input)`, or hands it over:
#   algo <- getAlgorithmHandler(algorithm, load); algo$serve()
# where what load() gives is the second argument of algorithm, unless it is NULL.

options(keep.source = TRUE, warn = 1)

local({
  READY <- 3L
  CALL <- 4L
  RESULT <- 5L
  FAILED <- 6L
  arguments <- commandArgs(trailingOnly = TRUE)
  contract <- arguments[1]
  file <- arguments[2]
  tree <- arguments[3]
  guest <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
  input <- file(file.path("/dev/fd", arguments[4]), open = "rb", blocking = TRUE, raw = TRUE)
  output <- file(file.path("/dev/fd", arguments[5]), open = "wb", raw = TRUE)

  # What authors find around them: the client and the handler that the language pack's template uses.
  ours <- new.env(parent = globalenv())
  sys.source(file.path(guest, "values.R"), envir = ours)
  sys.source(file.path(guest, "client.R"), envir = ours)
  surroundings <- new.env(parent = globalenv())
  for (name in c("getAlgorithmiaClient", "getAlgorithmHandler")) assign(name, ours[[name]], surroundings)
  assign("library", ours$library_of(base::library), surroundings)
  assign("require", ours$library_of(base::require), surroundings)
  authors <- new.env(parent = surroundings)

  send <- function(kind, header, body = raw()) {
    flush(stdout())
    flush(stderr())
    text <- charToRaw(enc2utf8(ours$as_object(header)))
    writeBin(as.raw(kind), output)
    writeBin(c(length(text), length(body)), output, size = 4L, endian = "big")
    writeBin(text, output)
    if (length(body)) writeBin(body, output)
    flush(output)
  }

  receive <- function() {
    kind <- readBin(input, "raw", 1L)
    if (!length(kind)) quit(save = "no", status = 0L)
    sizes <- readBin(input, "integer", 2L, size = 4L, endian = "big")
    header <- rawToChar(readBin(input, "raw", sizes[1]))
    list(kind = sub('.*"kind" *: *"([a-z]+)".*', "\\1", header), body = readBin(input, "raw", sizes[2]))
  }

  # Evaluate, and give the value or what is to be said of the failure, with the calls that led there.
  tried <- function(code, type) {
    failure <- NULL
    value <- tryCatch(
      withCallingHandlers(code(), error = function(e) {
        if (is.null(failure)) failure <<- ours$described(e, sys.calls(), type, tree)
      }),
      error = function(e) if (is.null(failure)) failure <<- ours$described(e, list(), type, tree)
    )
    list(value = value, failure = failure)
  }

  loaded <- tried(function() {
    if (contract != "apply") ours$refuse("Unit tests of R are not run here; run them where you write it.")
    ours$forget_handler()
    source(file.path(tree, file), local = authors, keep.source = TRUE, chdir = FALSE)
    ours$entrance(authors, file)
  }, "LoadingError")

  quit_during <- function(...) {
    send(FAILED, list(error_type = "SystemExit", message = "The algorithm ended itself with quit().", stacktrace = "", is_last = TRUE))
    base::quit(save = "no", status = 3L)
  }
  assign("quit", quit_during, surroundings)
  assign("q", quit_during, surroundings)

  if (is.null(loaded$failure)) send(READY, list()) else send(FAILED, loaded$failure)
  repeat {
    asked <- receive()
    began <- proc.time()[["elapsed"]]
    done <- tried(function() ours$encoded(loaded$value(ours$decoded(asked$kind, asked$body))), "AlgorithmError")
    run_us <- as.integer(min(2e9, (proc.time()[["elapsed"]] - began) * 1e6))
    if (is.null(done$failure)) {
      send(RESULT, list(kind = done$value$kind, run_us = run_us), done$value$body)
    } else {
      send(FAILED, c(done$failure, list(run_us = run_us)))
    }
  }
})
