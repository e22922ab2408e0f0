mod create;
mod read;
