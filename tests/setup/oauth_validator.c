/*
 * Tells the server of 18 what a bearer token is worth (manual, "OAuth Validator Modules").
 *
 * A token is VERDICT.IDENTITY[.FILLER]:
 *
 *   good    lets in, and is of IDENTITY
 *   poor    is of IDENTITY, and does not let in
 *   nobody  lets in, and is of nobody
 *   broken  cannot be judged: the validator fails
 *
 * Any other lets nobody in.
 */
#include "postgres.h"

/* Nothing here looks at a connection, so its headers may do without those of Kerberos and TLS. */
#undef ENABLE_GSS
#undef USE_OPENSSL

#include "fmgr.h"
#include "libpq/oauth.h"

PG_MODULE_MAGIC;

static bool
validate(const ValidatorModuleState *state, const char *token, const char *role, ValidatorModuleResult *result)
{
	const char *identity = strchr(token, '.');
	size_t		verdict = identity ? (size_t) (identity - token) : 0;

	(void) state;
	(void) role;
#define IS(word) (verdict == strlen(word) && strncmp(token, word, verdict) == 0)
	if (IS("broken"))
		return false;
	result->authorized = IS("good") || IS("nobody");
	if (IS("good") || IS("poor"))
		result->authn_id = pnstrdup(identity + 1, strcspn(identity + 1, "."));
	return true;
}

static const OAuthValidatorCallbacks callbacks = {
	.magic = PG_OAUTH_VALIDATOR_MAGIC,
	.validate_cb = validate,
};

const OAuthValidatorCallbacks *
_PG_oauth_validator_module_init(void)
{
	return &callbacks;
}
