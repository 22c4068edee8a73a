# Bodies to R values and back, as Algorithmia's language pack had them (rjson's rules), and errors.

refuse <- function(message, type = "AlgorithmError") {
  stop(structure(class = c("agorithm_refused", "error", "condition"), list(message = message, call = NULL, error_type = type)))
}

decoded <- function(kind, body) {
  if (kind == "void") return(NULL)
  if (kind == "binary") return(body)
  text <- tryCatch(rawToChar(body), error = function(e) refuse("The input holds a zero byte; send it as application/octet-stream.", "InputError"))
  Encoding(text) <- "UTF-8"
  if (!validUTF8(text)) refuse("The input is not UTF-8. Send other data as application/octet-stream.", "InputError")
  if (kind == "text") return(text)
  value <- tryCatch(
    jsonlite::fromJSON(text, simplifyVector = FALSE),
    error = function(e) refuse(paste0("The input is not valid JSON: ", strsplit(conditionMessage(e), "\n")[[1]][1]), "InputError")
  )
  simplified(value)
}

# An array of numbers, of texts or of truths becomes a vector; an object a named list.
simplified <- function(value) {
  if (!is.list(value)) return(value)
  plain <- length(value) > 0 && is.null(names(value)) && !any(vapply(value, function(one) is.list(one) || is.null(one), NA))
  if (plain && length(unique(vapply(value, function(one) if (is.numeric(one)) "number" else class(one)[1], ""))) == 1) return(unlist(value))
  lapply(value, simplified)
}

encoded <- function(value) {
  if (is.raw(value)) return(list(kind = "binary", body = value))
  if (is.character(value) && length(value) == 1 && is.null(names(value)) && !is.na(value)) {
    return(list(kind = "text", body = charToRaw(enc2utf8(value))))
  }
  text <- tryCatch(as_json(value), error = function(e) refuse(paste0("The result cannot be said in JSON: ", conditionMessage(e))))
  list(kind = "json", body = charToRaw(enc2utf8(text)))
}

as_json <- function(value) {
  if (is.null(value)) return("null")
  as.character(jsonlite::toJSON(as_lists(value), auto_unbox = TRUE, digits = NA, null = "null", na = "null", dataframe = "columns", POSIXt = "ISO8601"))
}

# A named vector is an object, as rjson had it.
as_lists <- function(value) {
  if (is.function(value) || is.environment(value)) stop("a ", class(value)[1], " is no value")
  if (is.data.frame(value) || inherits(value, "POSIXt")) return(value)
  if (is.list(value)) return(lapply(value, as_lists))
  if (is.atomic(value) && !is.null(names(value))) return(as.list(value))
  value
}

# A flat JSON object of texts, whole numbers and truths: no package is needed to say how we are.
as_object <- function(fields) {
  if (!length(fields)) return("{}")
  quoted <- function(text) {
    text <- enc2utf8(text)
    text <- gsub("\\", "\\\\", text, fixed = TRUE)
    text <- gsub('"', '\\"', text, fixed = TRUE)
    text <- gsub("\n", "\\n", text, fixed = TRUE)
    text <- gsub("\t", "\\t", text, fixed = TRUE)
    paste0('"', gsub("[[:cntrl:]]", " ", text), '"')
  }
  said <- vapply(fields, function(one) if (is.logical(one)) tolower(as.character(one)) else if (is.character(one)) quoted(one) else format(one, scientific = FALSE), "")
  paste0("{", paste0('"', names(fields), '": ', said, collapse = ", "), "}")
}

described <- function(error, calls, type, tree) {
  said <- error$error_type
  if (is.character(said) && length(said) == 1 && grepl("^[A-Za-z_][A-Za-z0-9_.]{0,59}$", said)) type <- said
  message <- tryCatch(conditionMessage(error), error = function(e) "The algorithm failed without saying why.")
  message <- substr(paste(message, collapse = "\n"), 1, 16000)
  if (inherits(error, "agorithm_refused")) return(list(error_type = type, message = message, stacktrace = ""))
  if (inherits(error, "packageNotFoundError")) {
    message <- paste0("There is no package '", error$package, "'. If it is one of CRAN, add it to packages.txt.")
  }
  places <- Filter(Negate(is.null), lapply(calls, place_of, tree = tree))
  syntax <- regmatches(message, regexec(paste0(tree, "/([^:]+):([0-9]+):[0-9]+: "), message))[[1]]
  if (length(syntax)) {
    message <- sub(syntax[1], "", message, fixed = TRUE)
    places <- list(list(file = syntax[2], line = as.integer(syntax[3]), text = ""))
  }
  lines <- vapply(rev(places), function(one) paste0("  at ", tree, "/", one$file, ":", one$line, if (nzchar(one$text)) paste0("  ", one$text)), "")
  where <- if (is.null(conditionCall(error))) "" else paste0(" in ", substr(deparse(conditionCall(error))[1], 1, 200))
  found <- list(error_type = type, message = message, stacktrace = paste(c(paste0("Error", where, ": ", message), lines), collapse = "\n"))
  if (length(places)) {
    last <- places[[length(places)]]
    found <- c(found, list(file = last$file, line = last$line))
  }
  found
}

place_of <- function(call, tree) {
  reference <- attr(call, "srcref")
  if (is.null(reference)) return(NULL)
  file <- attr(reference, "srcfile")$filename
  if (is.null(file) || !startsWith(file, paste0(tree, "/"))) return(NULL)
  list(file = substring(file, nchar(tree) + 2), line = reference[1], text = substr(trimws(as.character(reference)[1]), 1, 120))
}

handler <- NULL
forget_handler <- function() handler <<- NULL

getAlgorithmHandler <- function(applyfunc = NULL, onLoad = NULL) {
  one <- new.env()
  one$apply <- applyfunc
  one$load <- onLoad
  one$setApplyFunction <- function(func) one$apply <- func
  one$setOnLoadFunction <- function(func) one$load <- func
  one$serve <- one$run <- function() {
    handler <<- one
    invisible(one)
  }
  one
}

# A function of the input, whichever way the file hands it over.
entrance <- function(authors, file) {
  own <- function(name) if (exists(name, envir = authors, mode = "function", inherits = FALSE)) get(name, envir = authors)
  apply <- if (is.null(handler)) own("algorithm") else handler$apply
  load <- if (is.null(handler)) own("load") else handler$load
  if (!is.function(apply)) refuse(paste0(file, " defines no function algorithm(input)."), "LoadingError")
  state <- if (is.function(load)) load()
  if (is.null(state)) function(input) apply(input) else function(input) apply(input, state)
}
