import type { IOAuth2Options } from 'n8n-workflow';

const BEARER: IOAuth2Options = { tokenType: 'Bearer' };
const CREDENTIALS_ON_REFRESH: IOAuth2Options = { includeCredentialsOnRefreshOnBody: true };
const EXPIRED_IS_403: IOAuth2Options = { tokenExpiredStatusCode: 403 };

/** Where services differ from the rule; the facts are those that n8n's HTTP Request keeps for the same types. */
const QUIRKS: Readonly<Record<string, IOAuth2Options>> = {
	oAuth2Api: BEARER,
	bitlyOAuth2Api: BEARER,
	boxOAuth2Api: CREDENTIALS_ON_REFRESH,
	ciscoWebexOAuth2Api: BEARER,
	clickUpOAuth2Api: { ...BEARER, keepBearer: false },
	goToWebinarOAuth2Api: EXPIRED_IS_403,
	hubspotDeveloperApi: { ...BEARER, ...CREDENTIALS_ON_REFRESH },
	hubspotOAuth2Api: { ...BEARER, ...CREDENTIALS_ON_REFRESH },
	lineNotifyOAuth2Api: BEARER,
	linkedInOAuth2Api: BEARER,
	mailchimpOAuth2Api: BEARER,
	mauticOAuth2Api: CREDENTIALS_ON_REFRESH,
	microsoftAzureMonitorOAuth2Api: EXPIRED_IS_403,
	philipsHueOAuth2Api: BEARER,
	raindropOAuth2Api: CREDENTIALS_ON_REFRESH,
	shopifyOAuth2Api: { ...BEARER, keyToIncludeInAccessTokenHeader: 'X-Shopify-Access-Token' },
	slackOAuth2Api: { ...BEARER, property: 'authed_user.access_token' },
	stravaOAuth2Api: CREDENTIALS_ON_REFRESH,
};

export function oauth2Quirks(type: string): IOAuth2Options | undefined {
	return Object.hasOwn(QUIRKS, type) ? QUIRKS[type] : undefined;
}
