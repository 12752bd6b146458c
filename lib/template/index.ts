export type { Template } from './record';
export { requireName, templateTag, toDraft, toNames, toVersion, type TemplateDraft, type TemplateField } from './record';
export { ESCAPES, type Escape } from './escape';
export { Compiler, type Compiled } from './compile';
export { Filler } from './fill';
export type { FieldSource, MapSettings } from './map-fields';
export { Library, titleOf, type Saved } from './library';
export { toWords, type Query } from './search-index';
export type { Values } from './values';
