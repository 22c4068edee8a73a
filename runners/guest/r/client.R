# Algorithmia's client for R, as far as algorithms used it: CRAN does not carry the package any more.
#
# It speaks with the platform's relay alone, which says for it who is calling.

getAlgorithmiaClient <- function(api_key = NULL, api_address = NULL) {
  address <- if (is.null(api_address)) Sys.getenv("ALGORITHMIA_API") else api_address
  list(
    algo = function(algoRef) algorithm_of(address, algoRef),
    file = function(dataUrl) file_of(address, dataUrl),
    dir = function(dataUrl) folder_of(address, dataUrl)
  )
}

algorithm_of <- function(address, reference) {
  options <- list()
  path <- paste0("/v1/algo/", sub("^algo://", "", reference))
  one <- list()
  one$setOptions <- function(...) {
    options <<- utils::modifyList(options, list(...))
    one
  }
  one$pipe <- function(input) {
    sent <- encoded(input)
    type <- c(json = "application/json", text = "text/plain", binary = "application/octet-stream")[[sent$kind]]
    query <- if (length(options)) paste0("?", paste0(names(options), "=", vapply(options, function(value) utils::URLencode(as.character(value), reserved = TRUE), ""), collapse = "&"))
    answer <- requested(address, "POST", paste0(path, query), sent$body, type)
    said <- jsonlite::fromJSON(text_of(answer$body), simplifyVector = FALSE)
    if (!is.null(said$error)) stop(said$error$message, call. = FALSE)
    result <- said$result
    if (identical(said$metadata$content_type, "binary")) result <- jsonlite::base64_dec(result)
    list(result = simplified(result), metadata = said$metadata)
  }
  one
}

file_of <- function(address, url) {
  path <- data_path(url)
  got <- function() succeeded(requested(address, "GET", path))$body
  put <- function(body, type = "application/octet-stream") {
    succeeded(requested(address, "PUT", path, body, type))
    invisible(TRUE)
  }
  list(
    exists = function() requested(address, "HEAD", path)$status == 200L,
    getRaw = got,
    getString = function() text_of(got()),
    getJson = function() simplified(jsonlite::fromJSON(text_of(got()), simplifyVector = FALSE)),
    getFile = function() {
      name <- tempfile(fileext = paste0("_", basename(path)))
      writeBin(got(), name)
      name
    },
    put = function(content) put(if (is.raw(content)) content else charToRaw(enc2utf8(content))),
    putJson = function(content) put(charToRaw(enc2utf8(as_json(content))), "application/json"),
    putFile = function(name) put(readBin(name, "raw", file.size(name))),
    delete = function() invisible(succeeded(requested(address, "DELETE", path))$status == 200L)
  )
}

folder_of <- function(address, url) {
  path <- data_path(url)
  list(
    exists = function() requested(address, "GET", path)$status == 200L,
    file = function(name) file_of(address, paste0(url, "/", name)),
    create = function() {
      body <- charToRaw(as_json(list(name = basename(path))))
      invisible(succeeded(requested(address, "POST", dirname(path), body, "application/json"))$status == 200L)
    }
  )
}

data_path <- function(url) paste0("/v1/data/", utils::URLencode(sub("^/+", "", sub("^data://", "", url))))

succeeded <- function(answer) {
  if (answer$status >= 200L && answer$status < 300L) return(answer)
  said <- tryCatch(jsonlite::fromJSON(text_of(answer$body))$error$message, error = function(e) NULL)
  stop(if (is.null(said)) paste("The platform answered", answer$status) else said, call. = FALSE)
}

text_of <- function(body) {
  text <- rawToChar(body)
  Encoding(text) <- "UTF-8"
  text
}

# One request of HTTP/1.0, which ends with the connection.
requested <- function(address, method, path, body = NULL, type = NULL) {
  place <- regmatches(address, regexec("^http://([^:/]+):([0-9]+)", address))[[1]]
  if (!length(place)) stop("The client for R speaks with the platform's relay only.", call. = FALSE)
  wire <- socketConnection(place[2], as.integer(place[3]), blocking = TRUE, open = "r+b", timeout = 3600L)
  on.exit(close(wire))
  head <- c(
    paste(method, path, "HTTP/1.0"), paste0("Host: ", place[2]), "User-Agent: algorithmia-r",
    if (!is.null(type)) paste0("Content-Type: ", type),
    if (!is.null(body)) paste0("Content-Length: ", length(body))
  )
  writeBin(c(charToRaw(paste0(paste(head, collapse = "\r\n"), "\r\n\r\n")), body), wire)
  pieces <- list()
  repeat {
    piece <- readBin(wire, "raw", 65536L)
    if (!length(piece)) break
    pieces[[length(pieces) + 1L]] <- piece
  }
  answered(unlist(pieces))
}

answered <- function(bytes) {
  ends <- which(bytes == as.raw(13L))
  end <- ends[vapply(ends, function(at) at + 3L <= length(bytes) && identical(bytes[at + 0:3], charToRaw("\r\n\r\n")), NA)][1]
  if (is.na(end)) stop("The platform closed the connection without an answer.", call. = FALSE)
  head <- strsplit(rawToChar(bytes[seq_len(end)]), "\r?\n")[[1]]
  status <- as.integer(strsplit(head[1], " ")[[1]][2])
  list(status = status, body = if (end + 4L <= length(bytes)) bytes[(end + 4L):length(bytes)] else raw())
}

# `library(algorithmia)` is what the template begins with: without the package, this client stands in.
library_of <- function(original) {
  function(package, ...) {
    name <- as.character(substitute(package))
    if (identical(name, "algorithmia") && !nzchar(system.file(package = "algorithmia"))) return(invisible(TRUE))
    call <- match.call()
    call[[1]] <- original
    eval(call, parent.frame())
  }
}
