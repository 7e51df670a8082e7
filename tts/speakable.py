def speakable(text: str, language: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()
