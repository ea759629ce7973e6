// Which themes have a drawing of their own (icons.css); another one shows the first letter of its name.
export const DRAWN = new Set(["health", "birth", "household", "identity", "education", "employment", "marriage", "housing", "social_security", "assistance", "pension", "transport", "tax", "business", "records"]);
