package partner

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// tolerance is how far the timestamp of a message may be from our clock
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
const tolerance = 5 * time.Minute

// maxID is the longest webhook-id that is taken, in bytes.
const maxID = 200

// errSignature is the one answer to whatever does not prove who speaks: an
// unknown partner, a missing header, an old message, an altered byte.
//
// A 401 must carry a challenge
// (https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2), and no registered
// scheme is what is asked for here: no token would do. So it names the one that
// would, as an extension is free to; whoever knows none of it gives up, instead
// of looking for a token.
var errSignature = &fault.Error{
	Kind: fault.Unauthenticated, Code: "invalid-signature", Challenge: "StandardWebhooks",
	Detail: "La signature de ce message n’est pas valable : vérifiez le secret, l’heure de votre machine et que le corps part tel qu’il a été signé.",
}

// signed is a message of which the signature holds.
type signed struct {
	partner alliance.Partner
	id      string
	body    []byte
}

// verify reads the body, raw, and checks its signature before anything else is
// made of it. It returns a TooLarge fault, or errSignature.
func (s *service) verify(r *http.Request) (signed, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, web.MaxBody+1))
	if err != nil {
		return signed{}, fault.New(fault.Malformed, "unreadable-body", "La demande n’est pas arrivée en entier : renvoyez-la.")
	}
	if len(body) > web.MaxBody {
		return signed{}, fault.New(fault.TooLarge, "body-too-large", "La demande dépasse 256 Kio.")
	}
	partner, known := alliance.PartnerNamed(r.PathValue("partner"))
	if !known { // take as long as for a known one
		partner = alliance.Partners[0]
	}
	held, err := s.holds(r.Context(), partner, r.Header, body)
	if err != nil {
		return signed{}, err
	}
	id := r.Header.Get(standardwebhooks.HeaderWebhookID)
	if known && !held {
		s.countUnsigned(r.Context(), partner)
	}
	if !held || !known || len(id) > maxID || alliance.Unprintable(id) {
		return signed{}, errSignature
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return signed{partner, id, body}, nil
}

// holds tells whether a message is signed with one of the partner's secrets, and is of now.
func (s *service) holds(ctx context.Context, partner alliance.Partner, header http.Header, body []byte) (bool, error) {
	secrets, err := s.secret(ctx, function.PartnerSecret(partner.Name))
	if err != nil {
		return false, err
	}
	held := false
	for _, secret := range strings.Fields(string(secrets)) {
		key, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			s.log.ErrorContext(ctx, "a secret cannot be read", "partner", partner.Name)
			continue
		}
		// All are tried, so that the time taken does not tell which holds.
		held = key.VerifyIgnoringTimestamp(body, header) == nil || held
	}
	seconds, err := strconv.ParseInt(header.Get(standardwebhooks.HeaderWebhookTimestamp), 10, 64)
	age := s.now().Sub(time.Unix(seconds, 0))
	return held && err == nil && age <= tolerance && age >= -tolerance, nil
}
