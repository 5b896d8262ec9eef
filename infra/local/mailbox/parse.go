package mailbox

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/jhillyerd/enmime/v2"
)

// parser believes what a part says of its characters: to guess them takes
// longer than all the rest.
var parser = enmime.NewParser(enmime.DisableCharacterDetection(true))

func parse(raw []byte) (Message, error) {
	envelope, err := parser.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		return Message{}, fmt.Errorf("message: %w", err)
	}
	m := Message{
		Subject: envelope.GetHeader("Subject"), Text: envelope.Text, HTML: envelope.HTML,
		Headers: map[string]string{}, Attachments: []Attachment{},
	}
	for _, name := range envelope.GetHeaderKeys() {
		m.Headers[name] = strings.Join(envelope.GetHeaderValues(name), ", ")
	}
	for _, part := range slices.Concat(envelope.Attachments, envelope.Inlines, envelope.OtherParts) {
		m.Attachments = append(m.Attachments, Attachment{part.FileName, part.ContentType, part.Content})
	}
	m.Links = links(m.Text, m.HTML)
	return m, nil
}

var (
	address = regexp.MustCompile(`https?://[^\s<>"'` + "`" + `\x{00a0}\x{202f}]+`)
	target  = regexp.MustCompile(`(?i)\b(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

// links are the web addresses of both parts, each once, in order: those of
// the text first. What ends a sentence is not part of an address.
func links(text, markup string) []string {
	found := []string{}
	add := func(link string) {
		if !slices.Contains(found, link) {
			found = append(found, link)
		}
	}
	for _, link := range address.FindAllString(text, -1) {
		add(strings.TrimRight(link, ".,;:!?)]»"))
	}
	for _, match := range target.FindAllStringSubmatch(markup, -1) {
		link := html.UnescapeString(strings.TrimSpace(match[1] + match[2]))
		if strings.HasPrefix(link, "http://") || strings.HasPrefix(link, "https://") {
			add(link)
		}
	}
	return found
}
