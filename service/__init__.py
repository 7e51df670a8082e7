"""The recogniser as a service: OpenAI's /v1/audio/transcriptions, for web processes on this machine and others that share one model."""
