import type { Provider } from '../provider';
import type { ProviderName } from '../request';
import { anthropic } from './anthropic';
import { gemini } from './gemini';
import { openAi } from './openai';

export const providers: Record<ProviderName, Provider> = { openAi, anthropic, gemini };
