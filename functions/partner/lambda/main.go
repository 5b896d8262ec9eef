// Command lambda is the bootstrap of the function partner on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/partner"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(partner.Function) }
