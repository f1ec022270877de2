//! Query parameters of the task list.

use std::borrow::Cow;

use rocket::async_trait;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use super::Shape;
use super::claims::quoted_choice;
use super::status::{GENEROUS_WORDS, generous_word};
use crate::config::ShapeConfig;
use crate::error::ApiError;
use crate::request::Query;
use crate::task::{AttributeFilter, AttributeRule, ListOptions, Order, Search, Sort, Window};

/// The maximum length of a text to search for, in bytes.
const MAX_SEARCH_LEN: usize = 1000;

/// The maximum of values in a filter by one attribute.
const MAX_VALUES: usize = 20;

/// The list that a client asks for: `?status=&search=&sort=&order=&limit=&offset=`, and one parameter for each attribute, which may be
/// repeated. Each is optional, and some have further names.
#[derive(Debug)]
pub struct ListQuery {
    pub(crate) options: ListOptions,
    pub(crate) search: Search,
    pub(crate) window: Window,
}

/// The message of an invalid parameter.
type Invalid = Cow<'static, str>;

#[async_trait]
impl<'r> FromRequest<'r> for ListQuery {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        let Some(shape) = Shape::of(request) else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        match (Parser { shape, query: &Query::from_request(request) }).parse() {
            Ok(query) => Outcome::Success(query),
            Err(message) => Outcome::Error((ApiError::InvalidQuery(message).record(request), ())),
        }
    }
}

struct Parser<'a> {
    shape: &'a Shape,
    query: &'a Query<'a>,
}

impl Parser<'_> {
    fn parse(&self) -> Result<ListQuery, Invalid> {
        let mut search = Search::default();
        let completed = self.completed(&mut search)?;
        let default_order = self.sort(&mut search)?;
        let order = self.order()?.unwrap_or(default_order);
        search.text = self.text("search")?.or(self.text("q")?).map(str::to_owned);
        for rule in &self.rules().attributes.defined {
            let values = self.texts(rule.name.as_str())?;
            if !values.is_empty() {
                search.attributes.push(attribute_filter(rule, values));
            }
        }
        Ok(ListQuery { options: ListOptions { completed, order }, search, window: self.window()? })
    }

    fn rules(&self) -> &crate::task::TaskRules {
        self.shape.decoder.rules()
    }

    /// A text that the database accepts. `None` for an empty text.
    fn text(&self, name: &str) -> Result<Option<&str>, Invalid> {
        let text = self.query.get(name).filter(|text| !text.is_empty());
        text.map(|text| valid_text(name, text)).transpose()
    }

    /// As [`Self::text`], for a parameter that may be repeated.
    fn texts(&self, name: &str) -> Result<Vec<String>, Invalid> {
        let texts = self.query.all(name).filter(|text| !text.is_empty());
        let texts: Result<Vec<String>, Invalid> =
            texts.map(|text| valid_text(name, text).map(str::to_owned)).collect();
        match texts {
            Ok(texts) if texts.len() > MAX_VALUES => {
                Err(format!("Invalid {name}: must be at most {MAX_VALUES} values").into())
            }
            texts => texts,
        }
    }

    /// `completed`, `is_completed` or `status`: the value of `completed` that tasks must have, if any.
    fn completed(&self, search: &mut Search) -> Result<Option<bool>, Invalid> {
        let boolean = ["completed", "is_completed"].into_iter().find_map(|name| self.query.get(name));
        match boolean.map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => self.status(search),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err("Invalid completed filter: must be 'true' or 'false'".into()),
        }
    }

    /// `status`: the value of `completed` that tasks must have, if any. The word of an open task is an attribute.
    fn status(&self, search: &mut Search) -> Result<Option<bool>, Invalid> {
        let status = self.shape.decoder.status();
        let Some(value) =
            self.query.get("status").or_else(|| self.query.get(status.map_or("status", |it| &it.field)))
        else {
            return Ok(None);
        };
        if value.eq_ignore_ascii_case("all") {
            return Ok(None);
        }
        if let Some(status) = status
            && let Some(word) = status.words.iter().find(|word| word.eq_ignore_ascii_case(value))
        {
            let completed = status.is_completed(word);
            if status.has_states() && completed == Some(false) {
                search.attributes.push(AttributeFilter {
                    name: status.field.clone(),
                    values: vec![word.clone()],
                    default: status.words.first().cloned().into(),
                });
            }
            return Ok(completed);
        }
        generous_word(value).map(Some).ok_or_else(|| match status {
            Some(status) => {
                format!("Invalid status filter. Allowed values: {}", status.words.join(", ")).into()
            }
            None => "Invalid status filter: must be 'pending', 'completed', or 'all'".into(),
        })
    }

    /// `sort` or `sort_by`. Returns the default of `order`.
    fn sort(&self, search: &mut Search) -> Result<Order, Invalid> {
        let Some(value) = self.query.get("sort").or_else(|| self.query.get("sort_by")) else {
            return Ok(Order::Descending);
        };
        let configured = self.shape.config.sorts.get(value).and_then(|sort| sort.split_once(' '));
        let Some((key, order)) = configured else { return self.sort_by(value, search) };
        self.sort_by(key, search)?;
        Ok(if order == "asc" { Order::Ascending } else { Order::Descending })
    }

    fn sort_by(&self, value: &str, search: &mut Search) -> Result<Order, Invalid> {
        let (sort, order) = match value.to_ascii_lowercase().as_str() {
            "created_at" | "created" => (Sort::CreatedAt, Order::Descending),
            "updated_at" | "updated" => (Sort::UpdatedAt, Order::Descending),
            "title" => (Sort::Title, Order::Ascending),
            "completed" | "status" => (Sort::Completed, Order::Ascending),
            _ => match self.rules().attributes.find(value) {
                Some(rule) => (by_attribute(rule), Order::Ascending),
                None => return Err(self.invalid_sort()),
            },
        };
        search.sort = sort;
        Ok(order)
    }

    fn invalid_sort(&self) -> Invalid {
        let attributes = self.rules().attributes.defined.iter().map(|rule| rule.name.as_str());
        let keys: Vec<&str> =
            ["created_at", "updated_at", "title", "completed"].into_iter().chain(attributes).collect();
        format!("Invalid sort field: must be {}", quoted_choice(&keys)).into()
    }

    /// `order` or `sort_order`.
    fn order(&self) -> Result<Option<Order>, Invalid> {
        let Some(value) = self.query.get("order").or_else(|| self.query.get("sort_order")) else {
            return Ok(None);
        };
        match value.to_ascii_lowercase().as_str() {
            "desc" => Ok(Some(Order::Descending)),
            "asc" => Ok(Some(Order::Ascending)),
            _ => Err("Invalid sort order: must be 'asc' or 'desc'".into()),
        }
    }

    /// `limit` and `offset`, or `page_size` and `page`.
    fn window(&self) -> Result<Window, Invalid> {
        let ShapeConfig { page_size, max_page_size, .. } = &self.shape.config;
        let limit = match self.query.get("limit").or_else(|| self.query.get("page_size")) {
            None => page_size.map(i64::from),
            Some(text) => {
                let max = max_page_size.map_or(i64::MAX, i64::from);
                let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
                Some(limit.ok_or_else(|| match max_page_size {
                    Some(max) => format!("Invalid limit: must be an integer from 1 to {max}"),
                    None => "Invalid limit: must be an integer, 1 or more".to_owned(),
                })?)
            }
        };
        let offset = match self.query.get("offset").or_else(|| self.query.get("skip")) {
            None => self.page(limit)?,
            Some(text) => text
                .parse()
                .ok()
                .filter(|offset| *offset >= 0)
                .ok_or("Invalid offset: must be an integer, 0 or more")?,
        };
        Ok(Window { limit, offset })
    }

    /// The offset of `page`, which counts from 1. Ignored without a limit: then a list is one page.
    fn page(&self, limit: Option<i64>) -> Result<i64, Invalid> {
        let (Some(text), Some(limit)) = (self.query.get("page"), limit) else { return Ok(0) };
        let page: Option<i64> = text.parse().ok().filter(|page| *page >= 1);
        let page = page.ok_or("Invalid page: must be an integer, 1 or more")?;
        Ok((page - 1).saturating_mul(limit))
    }
}

fn valid_text<'a>(name: &str, text: &'a str) -> Result<&'a str, Invalid> {
    if text.len() > MAX_SEARCH_LEN || text.contains('\0') {
        return Err(format!("Invalid {name}: must be at most {MAX_SEARCH_LEN} bytes without U+0000").into());
    }
    Ok(text)
}

fn attribute_filter(rule: &AttributeRule, values: Vec<String>) -> AttributeFilter {
    AttributeFilter { name: rule.name.as_str().to_owned(), values, default: rule.default.clone() }
}

fn by_attribute(rule: &AttributeRule) -> Sort {
    Sort::Attribute {
        name: rule.name.as_str().to_owned(),
        default: rule.default.clone(),
        values: rule.values.clone(),
    }
}

/// The words of the parameter `status`, for the documentation.
pub(crate) fn status_filter_words(shape: &Shape) -> Vec<String> {
    let generous = GENEROUS_WORDS.iter().map(|(word, _)| (*word).to_owned());
    let words = shape.decoder.status().map_or_else(|| generous.collect(), |status| status.words.clone());
    [vec!["all".to_owned()], words].concat()
}
