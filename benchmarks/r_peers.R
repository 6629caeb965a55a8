# What r_peers.py asks of R; it says there what the files hold.
#
#   Rscript r_peers.R installed PACKAGE...                           R's version, and those of the packages that are here
#   Rscript r_peers.R mclust|mice CELLS ANSWER N_LABELS DRAWS SEED   a line for each row, with a number for each label

arguments <- commandArgs(trailingOnly = TRUE)

if (arguments[1] == "installed") {
  cat("R ", as.character(getRversion()), "\n", sep = "")
  for (name in arguments[-1]) {
    if (requireNamespace(name, quietly = TRUE)) {
      cat(name, " ", as.character(utils::packageVersion(name)), "\n", sep = "")
    }
  }
  quit(save = "no", status = 0)
}

cells <- utils::read.csv(arguments[2])
n_labels <- as.integer(arguments[4])
cells$label <- factor(cells$label, levels = seq_len(n_labels))
for (name in grep("^category", names(cells), value = TRUE)) {
  cells[[name]] <- factor(cells[[name]])
}

if (arguments[1] == "mclust") {
  suppressPackageStartupMessages(library(mclust))
  fit <- MclustSSC(cells[names(cells) != "label"], cells$label)
  if (is.null(fit)) {
    stop("no model could be fitted")
  }
  answer <- fit$z
} else {
  suppressPackageStartupMessages(library(mice))
  draws <- as.integer(arguments[5])
  imputed <- mice(cells, m = draws, maxit = 5, printFlag = FALSE, seed = as.integer(arguments[6]))
  long <- mice::complete(imputed, action = "long")
  answer <- unclass(table(factor(long$.id, levels = seq_len(nrow(cells))), long$label))
}
utils::write.table(answer, arguments[3], sep = ",", row.names = FALSE, col.names = FALSE)
