# Finds the packages that some names need: those that R brings, and of the others what CRAN has.
#
# Reads wanted.txt (`name` or `name (>= 1.0)`), writes lock.txt, dependencies first.

notes <- commandArgs(trailingOnly = TRUE)[1]
mirror <- Sys.getenv("CRAN_MIRROR")
fail <- function(...) {
  cat("cannot: ", ..., "\n", sep = "")
  quit(save = "no", status = 1L)
}

libraries <- unique(c(.Library, file.path(R.home(), "site-library")))
have <- installed.packages(lib.loc = libraries[dir.exists(libraries)])
have <- have[!duplicated(have[, "Package"]), , drop = FALSE]
rownames(have) <- have[, "Package"]
offered <- NULL

# What the mirror has, asked once and only if it is needed.
mirrored <- function() {
  if (is.null(offered)) {
    if (!nzchar(mirror)) return(NULL)
    found <- tryCatch(
      suppressWarnings(available.packages(contrib.url(mirror, "source"), filters = c("R_version", "OS_type", "duplicates"), fields = "MD5sum")),
      error = function(e) fail("The CRAN mirror does not answer: ", conditionMessage(e))
    )
    if (!nrow(found)) fail("The CRAN mirror does not answer.")
    offered <<- found
  }
  offered
}

fits <- function(version, condition) {
  if (!nzchar(condition)) return(TRUE)
  parts <- strsplit(condition, " +")[[1]]
  tryCatch(do.call(parts[1], list(package_version(version), package_version(parts[2]))), error = function(e) FALSE)
}

# Give (name, condition) of each thing in a field such as `R (>= 3.5), rlang (>= 1.0), stats`.
asked_in <- function(text) {
  words <- trimws(strsplit(text, ",")[[1]])
  words <- words[nzchar(words)]
  name <- sub("[ (].*", "", words)
  condition <- ifelse(grepl("(", words, fixed = TRUE), trimws(sub(")", "", sub(".*\\(", "", words), fixed = TRUE)), "")
  keep <- name != "R"
  Map(list, name = name[keep], condition = condition[keep])
}

lines <- character()
done <- character()
open <- character()

take <- function(name, condition, by) {
  if (name %in% done) return(invisible())
  if (name %in% rownames(have) && fits(have[name, "Version"], condition)) {
    done <<- c(done, name)
    if (!identical(unname(have[name, "Priority"]), "base")) lines <<- c(lines, paste0(name, "==", have[name, "Version"], " here"))
    return(invisible())
  }
  rows <- mirrored()
  if (is.null(rows)) {
    if (name == "algorithmia") return(invisible())
    fail("There is no package ", name, by, ", with this R, and this site has no CRAN mirror.")
  }
  if (!name %in% rows[, "Package"]) {
    if (name == "algorithmia") return(invisible())
    fail("There is no package ", name, by, ", on CRAN for this R; is the name right?")
  }
  row <- rows[rows[, "Package"] == name, , drop = FALSE][1, ]
  if (!fits(row[["Version"]], condition)) fail("CRAN has ", name, " ", row[["Version"]], by, ", and ", condition, " is asked for.")
  if (is.na(row[["MD5sum"]])) fail("The CRAN mirror gives no hash for ", name, ", so it is not installed.")
  open <<- c(open, name)
  for (field in c("Depends", "Imports", "LinkingTo")) {
    if (is.na(row[[field]])) next
    for (one in asked_in(gsub("\n", " ", row[[field]]))) if (!one$name %in% open) take(one$name, one$condition, paste0(", which ", name, " needs"))
  }
  done <<- c(done, name)
  lines <<- c(lines, paste0(name, "==", row[["Version"]], " md5:", row[["MD5sum"]]))
}

for (line in readLines(file.path(notes, "wanted.txt"))) {
  for (one in asked_in(line)) take(one$name, one$condition, "")
}
writeLines(lines, file.path(notes, "lock.txt"))
