# Installs a lock into the library beside its notes: each package as it was when the lock was made.

notes <- commandArgs(trailingOnly = TRUE)[1]
library <- file.path(dirname(notes), "library")
mirror <- Sys.getenv("CRAN_MIRROR")
fail <- function(...) {
  cat("cannot: ", ..., "\n", sep = "")
  quit(save = "no", status = 1L)
}

fetched <- function(name, version, md5) {
  file <- file.path(notes, sprintf("%s_%s.tar.gz", name, version))
  for (place in c("src/contrib", file.path("src/contrib/Archive", name))) {
    address <- paste(mirror, place, basename(file), sep = "/")
    code <- tryCatch(suppressWarnings(download.file(address, file, quiet = TRUE, mode = "wb")), error = function(e) 1L)
    if (identical(code, 0L)) break
  }
  if (!file.exists(file)) fail("The CRAN mirror does not have ", name, " ", version, ".")
  if (unname(tools::md5sum(file)) != md5) fail(name, " ", version, " is not what it was when it was locked.")
  file
}

dir.create(library, showWarnings = FALSE)
.libPaths(c(library, .libPaths()))
for (line in readLines(file.path(notes, "lock.txt"))) {
  found <- regmatches(line, regexec("^([A-Za-z0-9.]+)==([0-9.-]+) md5:([0-9a-f]{32})$", line))[[1]]
  if (!length(found)) next
  file <- fetched(found[2], found[3], found[4])
  cat("Installing", found[2], found[3], "\n")
  options <- c("CMD", "INSTALL", "--no-docs", "--no-html", "--no-demo", "--no-lock", paste0("--library=", library))
  code <- system2(file.path(R.home("bin"), "R"), c(options, file))
  if (code != 0L) fail(found[2], " ", found[3], " could not be built from source.")
}
