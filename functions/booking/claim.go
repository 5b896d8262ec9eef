package booking

import "context"

// claimKey is the key by which a booking request is known again. With a key
// of the caller's, it notes what was asked under it: other words under the
// same key are refused ("idempotency-key-reused"). It costs one write unit,
// and the record of the person does the rest.
func (s *service) claimKey(ctx context.Context, session, key string, asked []byte) (string, error) {
	if key == "" {
		return s.newID("key"), nil
	}
	return key, s.table.Once("POST /v1/sessions/"+session+"/bookings", key, asked, s.now()).Claim(ctx)
}
