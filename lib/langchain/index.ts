export { isDeterministic } from './bypass';
export { shellOf, type Ask, type Desk, type Question } from './chat-shell';
export { embeddingsIdentity, embeddingsShellOf, type EmbeddingsDesk } from './embeddings-shell';
export { failureOf, original } from './failure';
export { nameOf, originOf, ownRetries } from './identity';
export { isWhole, textOf, usageOf, type Reply } from './reply';
export { isChatModel, isEmbeddingsModel, type ChatModel, type EmbeddingsModel } from './shapes';
