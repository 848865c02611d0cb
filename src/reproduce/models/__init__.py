"""Models as registrations: an encoder, an attention and a decoder, each one function."""
