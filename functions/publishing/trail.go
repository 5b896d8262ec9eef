package publishing

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
)

// audited is what the audit trail says of a change: the fields that differ,
// before and after; before is nil for a resource that is new.
//
// Of a text there is its length and a digest: its versions hold it. The names
// of authors are public by publication (docs/adr/0017-library.md); until then
// they are masked.
func audited(old, item resourceItem) (before, after any) {
	was, is := old.facts(), item.facts()
	for name := range is {
		if was[name] == is[name] {
			delete(was, name)
			delete(is, name)
		}
	}
	if _, differ := is["authors"]; differ && !item.known() {
		was["authors"], is["authors"] = audit.Masked, audit.Masked
	}
	if old.Revision == 0 {
		return nil, is
	}
	return was, is
}

// facts are the fields of a resource, as the trail names and writes them.
func (i resourceItem) facts() map[string]string {
	facts := map[string]string{
		"state": i.State, "revision": strconv.Itoa(i.Revision), "kind": string(i.Kind), "title": i.Title, "summary": i.Summary,
		"authors": strings.Join(i.Authors, ", "), "published_on": i.PublishedOn, "language": i.Language, "series": i.Series, "cohort": i.Cohort,
		"fundamentals": written(i.Fundamentals), "narrative_dimensions": written(i.Dimensions), "sessions": strings.Join(i.Sessions, ", "),
		"url": i.URL, "licence": i.Licence, "episode": "", "audio.url": "", "audio.seconds": "", "body.characters": "", "body.hash": "",
	}
	if i.Episode > 0 {
		facts["episode"] = strconv.Itoa(i.Episode)
	}
	if i.Audio != nil {
		facts["audio.url"], facts["audio.seconds"] = i.Audio.URL, strconv.Itoa(i.Audio.Seconds)
	}
	if i.Body != "" {
		digest := sha256.Sum256([]byte(i.Body))
		facts["body.characters"], facts["body.hash"] = strconv.Itoa(runes(i.Body)), hex.EncodeToString(digest[:6])
	}
	return facts
}

// written are numbers as a text.
func written(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}
