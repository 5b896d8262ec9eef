package cohort

import (
	"context"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// errSame is what a preview says of a decision that would change nothing.
var errSame = fault.New(fault.Conflict, "decided-already", "C’est déjà la décision de cette candidature : rien ne changerait, et aucun e-mail ne partirait.")

// hindrance is why a decision cannot be carried out as things stand, nil when
// it can. It is for who has not decided yet: what holds is said by decide, whose
// conditions are in its transaction.
func (s *service) hindrance(ctx context.Context, item applicationItem, to cohortItem, decision string) (*fault.Error, error) {
	switch {
	case item.Decision == withdrawn:
		return errWithdrawn, nil
	case item.Decision == decision:
		return errSame, nil
	case decision == declined:
		return nil, nil
	case decision == accepted && !item.whole():
		return errIncomplete, nil
	case decision == accepted && to.status(s.now()) == ended:
		return errEnded, nil
	case decision == accepted && to.Accepted >= to.Seats:
		return errFull, nil
	}
	var claim claimItem
	found, err := s.table.Get(ctx, item.claim(), &claim)
	if err == nil && found && claim.Application != item.ID {
		return errApplied, nil
	}
	return nil, err
}
