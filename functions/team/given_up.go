package team

import (
	"context"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// givenUpWithin bounds the count of dead letters, which asks the queues of all
// functions one after the other: the home does not wait for a service that the
// rest of it does not need.
const givenUpWithin = 2 * time.Second

// givenUp counts what no function could handle. Whoever sees the home sees the
// count, as a mail that never left concerns all; those who administer the
// platform are led to the letters, and others are told whom to tell. A count
// that fails is said to be unknown, and the rest of the home still comes.
func (s *service) givenUp(ctx context.Context) task {
	letters := task{
		None: "Aucun message que personne n’a pu traiter", One: "message que personne n’a pu traiter", Many: "messages que personne n’a pu traiter",
		Why: "À signaler aujourd’hui à une personne qui administre la plateforme.",
	}
	if member, _ := auth.MemberOf(ctx); member.Must(auth.RoleAdmin) == nil {
		letters.Why, letters.Path = "Mis de côté après plusieurs essais : à relancer dans la journée, une fois la cause corrigée.", lettersPath
	}
	within, cancel := context.WithTimeout(ctx, givenUpWithin)
	defer cancel()
	n, err := s.deadLetters.Count(within)
	if err != nil {
		s.log.ErrorContext(ctx, "dead letters not counted", "error", err, "request_id", web.RequestID(ctx))
		letters.Unknown = true
	}
	letters.Count = n
	return letters
}
