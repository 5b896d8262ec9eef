package publishing

import (
	"fmt"
	"strings"
)

// bibTypes are the entries of BibTeX that stand for the kinds.
var bibTypes = map[Kind]string{Article: "article", SpecialIssue: "book", Thesis: "phdthesis"}

// bibEscapes are what TeX would take for its own.
var bibEscapes = strings.NewReplacer(`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "%", `\%`, "$", `\$`, "&", `\&`, "#", `\#`, "_", `\_`, "~", `\~{}`, "^", `\^{}`)

// bibtex is how programs cite a resource. Names stand in braces: each is one
// name, whoever's it is.
func bibtex(r resource, address string) string {
	kind := or(bibTypes[r.Kind], "misc")
	var authors []string
	for _, name := range signed(r) {
		authors = append(authors, "{"+bibEscapes.Replace(name)+"}")
	}
	fields := []string{
		fmt.Sprintf("  title = {{%s}}", bibEscapes.Replace(r.Title)),
		"  author = {" + strings.Join(authors, " and ") + "}",
		"  year = {" + year(r) + "}",
		"  date = {" + r.PublishedOn + "}",
		"  publisher = {" + noAuthors + "}",
		"  url = {" + address + "}",
	}
	if kind == "article" {
		fields = append(fields, "  journal = {"+noAuthors+"}")
	}
	if kind == "phdthesis" {
		fields = append(fields, "  school = {"+noAuthors+"}")
	}
	return fmt.Sprintf("@%s{%s,\n%s\n}", kind, r.Slug, strings.Join(fields, ",\n"))
}

// signed are who signs a resource.
func signed(r resource) []string {
	if len(r.Authors) == 0 {
		return []string{noAuthors}
	}
	return r.Authors
}

func year(r resource) string {
	y, _, _ := strings.Cut(r.PublishedOn, "-")
	return y
}
