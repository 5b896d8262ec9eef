// Package alliance is the vocabulary of the alliance that several functions
// share: who an ally is, and by what an ally is recognised.
package alliance

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxEmail is the longest address that mail can be sent to, in bytes
// (https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3).
const maxEmail = 254

// ignoresDots are the providers that deliver "j.doe" and "jdoe" to one box,
// by the name under which they are compared
// (https://support.google.com/mail/answer/7436150).
var ignoresDots = map[string]string{"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}

// ParseEmail checks that text is one plain address with a domain name, and
// returns it as typed, without the spaces around it. ok is false otherwise.
func ParseEmail(text string) (address string, ok bool) {
	address = strings.TrimSpace(text)
	if len(address) > maxEmail || strings.ContainsFunc(address, unicode.IsControl) {
		return "", false
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsAny(address, " \"") {
		return "", false
	}
	domain := address[strings.LastIndexByte(address, '@')+1:]
	if _, err := idna.Lookup.ToASCII(domain); err != nil || !strings.Contains(domain, ".") || strings.HasPrefix(domain, "[") {
		return "", false
	}
	return address, true
}

// NormaliseEmail is the form in which addresses are compared: the same for
// addresses that reach one box. Case, Unicode composition and "+alias" are
// ignored, and dots where the provider ignores them. Never send to it.
func NormaliseEmail(address string) string {
	address = strings.ToLower(norm.NFC.String(strings.TrimSpace(address)))
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	box, domain := address[:at], address[at+1:]
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	if plus := strings.IndexByte(box, '+'); plus > 0 {
		box = box[:plus]
	}
	if provider, ok := ignoresDots[domain]; ok {
		box, domain = strings.ReplaceAll(box, ".", ""), provider
	}
	return box + "@" + domain
}
